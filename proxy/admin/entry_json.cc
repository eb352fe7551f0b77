#include "proxy/admin/entry_json.h"

#include "base/base64.h"
#include "cache/freshness.h"
#include "proxy/admin/entry_preview.h"
#include "proxy/openai/embeddings_reply.h"

namespace larder {
namespace {

constexpr std::string_view kNotText = "(not UTF-8)";

void AppendCommon(const CatalogEntry& entry, const EntryLifetimes& lifetimes, WallTime now,
                  JsonWriter& json) {
  const bool embedding = entry.layer == EntryLayer::kEmbeddings;
  const EntryFacts facts = entry.Facts();
  json.Member("key", ToHex(entry.key)).Member("layer", EntryLayerName(entry.layer));
  json.Member("model", facts.model);
  json.Member("upstream", embedding ? entry.input.upstream : entry.response.upstream);
  json.Member("partition", facts.partition)
      .Member("namespace", IsUtf8(facts.name_space) ? facts.name_space : kNotText);
  json.Member("stored_at", ToUnixMillis(entry.stamp.stored_at) / 1000);
  json.Member("lifetime_s", entry.stamp.lifetime.count());
  json.Member("ttl_s", TtlOf(entry.stamp, now, lifetimes.Of(entry)).count());
  json.Member("fresh", lifetimes.IsFresh(entry, now)).Member("bytes", entry.bytes);
  if (embedding) {
    json.Member("kind", entry.input.kind == InputKind::kText ? "text" : "tokens");
    json.Member("dim", entry.input.dim).Member("query_only", entry.input.query_only);
  } else {
    json.Member("endpoint", entry.response.path).Member("status", entry.response.status);
    json.Member("stream", entry.response.is_stream);
    AppendTokens("prompt_tokens", entry.response.prompt_tokens, json);
    AppendTokens("completion_tokens", entry.response.completion_tokens, json);
  }
}

}  // namespace

void AppendTokens(std::string_view name, std::int64_t tokens, JsonWriter& json) {
  json.Key(name);
  if (tokens < 0) {
    json.Null();
  } else {
    json.Int(tokens);
  }
}

void AppendBody(std::string_view body, JsonWriter& json) {
  if (IsUtf8(body)) {
    json.Member("body", body);
    return;
  }
  std::string encoded;
  AppendBase64(body, encoded);
  json.Member("body_base64", encoded);
}

void AppendFields(const ResponseEntry& entry, JsonWriter& json) {
  json.Key("fields").BeginArray();
  for (const auto& [name, value] : entry.fields) {
    if (!IsUtf8(name) || !IsUtf8(value)) continue;
    json.BeginArray().String(name).String(value).EndArray();
  }
  json.EndArray();
}

void AppendEntry(const CatalogEntry& entry, const EntryLifetimes& lifetimes, WallTime now,
                 JsonWriter& json) {
  json.BeginObject();
  AppendCommon(entry, lifetimes, now, json);
  bool truncated = false;
  if (entry.layer == EntryLayer::kEmbeddings) {
    const std::string input = ReadableInput(entry.input.kind, entry.input.input);
    json.Member("input", FirstCharacters(input, truncated));
    json.Member("input_truncated", truncated);
  } else {
    const std::string words = WordsOf(entry.response);
    const std::string_view shown = FirstCharacters(words, truncated);
    json.Member("preview", IsUtf8(shown) ? shown : kNotText);
  }
  json.EndObject();
}

void AppendWholeEntry(const CatalogEntry& entry, const EntryLifetimes& lifetimes, WallTime now,
                      bool vector, JsonWriter& json) {
  json.BeginObject();
  AppendCommon(entry, lifetimes, now, json);
  if (entry.layer == EntryLayer::kEmbeddings) {
    json.Member("input", ReadableInput(entry.input.kind, entry.input.input));
    json.Member("input_truncated", false);
    if (entry.embedding) {
      AppendTokens("prompt_tokens", entry.embedding->prompt_tokens, json);
      AppendTokens("total_tokens", entry.embedding->total_tokens, json);
      json.Member("upstream_model", entry.embedding->model);
    }
    if (vector && entry.embedding) {
      std::string values;
      AppendFloats(*entry.embedding, values);
      json.Key("vector").Raw(values);
    }
  } else {
    AppendFields(entry.response, json);
    AppendBody(entry.response.body, json);
  }
  json.EndObject();
}

}  // namespace larder
