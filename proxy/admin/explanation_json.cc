#include "proxy/admin/explanation_json.h"

#include <algorithm>
#include <array>

#include "cache/freshness.h"
#include "proxy/json/json_writer.h"
#include "proxy/openai/embeddings_request.h"
#include "proxy/openai/response_policy.h"

namespace larder {
namespace {

std::string DetailOf(const LookupExplanation& lookup, std::string_view reason) {
  switch (lookup.why) {
    case MissReason::kNone:
      return lookup.would == CacheOutcome::kHit ? "A fresh entry answers." : "";
    case MissReason::kCold:
      return "Nothing is cached under this key, and nothing like it is remembered.";
    case MissReason::kExpired:
      return lookup.entry ? "There is an entry, and it is past its lifetime."
                          : "There was an entry; it is past its lifetime and gone.";
    case MissReason::kEvicted:
      return "There was an entry; it made room for others.";
    case MissReason::kPurged:
      return "There was an entry; it was purged.";
    case MissReason::kChanged:
      if (!lookup.near) return "An entry is stored in another form than the one asked for.";
      return lookup.near->normalised
                 ? "A cached request differs from this one only in the case, white space or digits "
                   "of " +
                       lookup.near->field + "."
                 : "A cached request differs from this one only in " + lookup.near->field + ".";
    case MissReason::kBypass:
      return "The request, or the server's mode, asks not to be answered from the cache" +
             (reason.empty() ? std::string(".") : " (" + std::string(reason) + ").");
    case MissReason::kUncacheable:
      return "Requests of this kind are never cached" +
             (reason.empty() ? std::string(".") : " (" + std::string(reason) + ").");
  }
  return "";
}

void Scope(JsonWriter& json, const KeyScope& scope) {
  json.Member("partition", scope.partition.id()).Member("namespace", scope.name_space);
  json.Member("upstream", scope.upstream);
  // Fields stand in the key with their lengths; shown are their bytes alone.
  std::string headers;
  for (const char c : scope.headers) headers += c >= ' ' && c < 127 ? c : ' ';
  json.Member("headers", headers);
}

void Entry(JsonWriter& json, const LookupExplanation& lookup, std::chrono::seconds lifetime,
           WallTime now) {
  json.Key("entry");
  if (!lookup.entry) {
    json.Null();
    return;
  }
  const auto ttl = TtlOf(*lookup.entry, now, lifetime).count();
  json.BeginObject().Member("key", ToHex(lookup.key));
  json.Member("stored_at", ToUnixMillis(lookup.entry->stored_at) / 1000);
  json.Member("lifetime_s", lookup.entry->lifetime.count()).Member("ttl_s", ttl);
  json.Member("fresh", ttl > 0).EndObject();
}

void Lookup(JsonWriter& json, const LookupExplanation& lookup, std::string_view reason,
            std::chrono::seconds lifetime, WallTime now) {
  json.Member("would", CacheOutcomeName(lookup.would)).Member("why", MissReasonName(lookup.why));
  json.Member("detail", DetailOf(lookup, reason));
  const bool has_key = lookup.key != CacheKey{};
  json.Key("key");
  if (has_key) {
    json.String(ToHex(lookup.key));
  } else {
    json.Null();
  }
  Entry(json, lookup, lifetime, now);
  json.Key("nearest");
  if (lookup.near) {
    json.BeginObject().Member("key", ToHex(lookup.near->key));
    json.Member("changed_field", lookup.near->field);
    json.Member("detail", DetailOf(lookup, reason)).EndObject();
  } else {
    json.Null();
  }
}

void Head(JsonWriter& json, const RequestContext& context, std::string_view layer,
          std::string_view upstream, std::string_view model, std::string_view reason,
          std::string_view refused) {
  json.BeginObject().Member("route", context.route).Member("layer", layer);
  json.Member("partition", context.partition.id());
  json.Member("namespace", context.directives.name_space).Member("upstream", upstream);
  json.Member("model", model).Member("reason", reason).Key("refused");
  refused.empty() ? json.Null() : json.String(refused);
}

template <std::size_t kSize>
void Names(JsonWriter& json, const std::array<std::string_view, kSize>& names) {
  json.Key("not_in_key").BeginArray();
  for (const std::string_view name : names) json.String(name);
  json.EndArray();
}

// What counts for the whole batch: the first input that is no hit.
const LookupExplanation& Telling(const std::vector<LookupExplanation>& inputs) {
  const auto missing = std::find_if(inputs.begin(), inputs.end(), [](const auto& input) {
    return input.would != CacheOutcome::kHit;
  });
  return missing == inputs.end() ? inputs.front() : *missing;
}

}  // namespace

std::string RenderPassThrough(const RequestContext& context, std::string_view detail,
                              std::string_view refused) {
  JsonWriter json;
  Head(json, context, "none", "", "", "", refused);
  LookupExplanation lookup;
  lookup.would = CacheOutcome::kBypass;
  lookup.why = MissReason::kUncacheable;
  Lookup(json, lookup, detail, std::chrono::seconds(0), WallTime());
  json.Key("canonical").Null().Key("key_parts").Null().Key("not_in_key").BeginArray().EndArray();
  json.Key("inputs").BeginArray().EndArray().EndObject();
  return json.Take();
}

std::string RenderExplanation(const RequestContext& context, const ResponseExplanation& explanation,
                              WallTime now) {
  JsonWriter json;
  Head(json, context, "responses", explanation.upstream, explanation.model, explanation.reason,
       explanation.refused);
  Lookup(json, explanation.lookup, explanation.reason, explanation.lifetime, now);
  const ResponseKeyParts& parts = explanation.parts;
  if (explanation.reason.empty()) {
    json.Member("canonical", parts.body).Key("key_parts").BeginObject();
    json.Member("version", int{kResponseKeyVersion});
    json.Member("tag", parts.custom_key.empty() ? "response" : "response-custom");
    Scope(json, parts.scope);
    json.Member("method", parts.method).Member("path", parts.path_and_query);
    json.Member("custom_key", parts.custom_key).EndObject();
  } else {
    json.Key("canonical").Null().Key("key_parts").Null();
  }
  Names(json, kNotInResponseKey);
  json.Key("inputs").BeginArray().EndArray().EndObject();
  return json.Take();
}

std::string RenderExplanation(const RequestContext& context,
                              const EmbeddingExplanation& explanation, WallTime now,
                              std::size_t most) {
  JsonWriter json;
  const EmbeddingScope& scope = explanation.scope;
  Head(json, context, "embeddings", explanation.upstream, context.model, explanation.reason,
       explanation.refused);
  Lookup(json, Telling(explanation.inputs), explanation.reason, explanation.lifetime, now);
  json.Member("canonical", scope.extra).Key("key_parts").BeginObject();
  json.Member("version", int{kEmbeddingKeyVersion}).Member("tag", "embedding");
  Scope(json, scope.scope);
  json.Member("model", scope.model).Member("dimensions", scope.dimensions);
  json.Member("extra", scope.extra).EndObject();
  Names(json, kNotInEmbeddingKey);
  json.Member("input_count", explanation.inputs.size()).Key("inputs").BeginArray();
  for (std::size_t i = 0; i < std::min(most, explanation.inputs.size()); ++i) {
    json.BeginObject().Member("index", i);
    Lookup(json, explanation.inputs[i], explanation.reason, explanation.lifetime, now);
    json.EndObject();
  }
  json.EndArray().EndObject();
  return json.Take();
}

}  // namespace larder
