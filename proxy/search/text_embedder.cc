#include "proxy/search/text_embedder.h"

#include <algorithm>

#include "proxy/json/json_writer.h"

namespace larder {
namespace {

constexpr std::size_t kMaxRemembered = 1000;

std::string RenderBody(const std::string& model, std::optional<std::size_t> dimensions,
                       std::span<const std::string_view> texts) {
  JsonWriter body;
  body.BeginObject().Member("model", model).Key("input");
  if (texts.size() == 1) {
    body.String(texts[0]);
  } else {
    body.BeginArray();
    for (const std::string_view text : texts) body.String(text);
    body.EndArray();
  }
  if (dimensions) body.Member("dimensions", *dimensions);
  body.EndObject();
  return body.Take();
}

Response ResponseOf(const UpstreamRefusal& refusal) {
  Response response;
  response.status = refusal.status;
  response.headers = refusal.headers;
  response.body = refusal.body;
  return response;
}

// The status of two parts of one request, each of which went through the cache.
void Join(const CacheStatus& before, CacheStatus& status) {
  if (before.items == 0) return;
  if (status.outcome == CacheOutcome::kHit && before.outcome != CacheOutcome::kHit) {
    status.outcome = before.outcome;
  }
  status.items += before.items;
  status.items_hit += before.items_hit;
  status.saved_tokens += before.saved_tokens;
  status.stored = status.stored || before.stored;
  status.store_failed = status.store_failed || before.store_failed;
}

}  // namespace

Result<EmbeddedTexts> TextEmbedder::Embed(const std::string& model,
                                          std::optional<std::size_t> dimensions,
                                          std::span<const std::string_view> texts,
                                          const Headers& client, RequestContext& context) {
  EmbeddedTexts embedded;
  context.model = model;
  context.endpoint = "/embeddings";
  context.from_origin = false;
  context.for_search = true;
  for (std::size_t done = 0; done < texts.size(); done += kMaxEmbeddingInputs) {
    const auto part = texts.subspan(done, std::min(kMaxEmbeddingInputs, texts.size() - done));
    const std::string body = RenderBody(model, dimensions, part);
    LARDER_ASSIGN_OR_RETURN(const EmbeddingsRequest request, ParseEmbeddingsRequest(body));
    const CacheStatus before = context.status;
    LARDER_ASSIGN_OR_RETURN(const EmbedOutcome outcome,
                            embeddings_.Embed(request, client, context));
    Join(before, context.status);
    if (outcome.refusal) {
      embedded.vectors.clear();
      embedded.refusal = ResponseOf(*outcome.refusal);
      return embedded;
    }
    for (const EmbeddingPointer& entry : outcome.entries) {
      embedded.vectors.push_back(entry->AsFloat32());
      embedded.tokens += std::max<std::int64_t>(entry->total_tokens, 0);
    }
  }
  return embedded;
}

Result<EmbeddedTexts> TextEmbedder::EmbedFor(const std::string& model, std::size_t dimensions,
                                             std::span<const std::string_view> texts,
                                             const Headers& client, RequestContext& context) {
  const auto embed = [&](bool tell, std::span<const std::string_view> some) {
    return Embed(model, tell ? std::optional(dimensions) : std::nullopt, some, client, context);
  };
  const auto fits = [&](const std::vector<float>& vector) { return vector.size() == dimensions; };
  const Asked asked(model, dimensions);
  auto tell = MustTell(asked);
  if (!tell) {  // the first text shows it
    LARDER_ASSIGN_OR_RETURN(EmbeddedTexts first, embed(false, texts.first(1)));
    if (first.refusal) return first;
    tell = !fits(first.vectors[0]);
    Remember(asked, *tell);
    if (!*tell && texts.size() == 1) return first;
  }
  while (true) {
    LARDER_ASSIGN_OR_RETURN(EmbeddedTexts embedded, embed(*tell, texts));
    const auto other = std::find_if_not(embedded.vectors.begin(), embedded.vectors.end(), fits);
    if (other == embedded.vectors.end()) return embedded;
    if (*tell) {
      return InvalidArgument("the model " + model + " gives vectors of " +
                                 std::to_string(other->size()) +
                                 " dimensions, the collection has " + std::to_string(dimensions),
                             "model");
    }
    tell = true;  // the model behind the name has changed
    Remember(asked, true);
  }
}

std::optional<bool> TextEmbedder::MustTell(const Asked& asked) {
  MutexLock lock(mutex_);
  const auto known = must_tell_.find(asked);
  return known == must_tell_.end() ? std::nullopt : std::optional(known->second);
}

void TextEmbedder::Remember(const Asked& asked, bool must_tell) {
  MutexLock lock(mutex_);
  if (must_tell_.size() >= kMaxRemembered) must_tell_.clear();
  must_tell_[asked] = must_tell;
}

}  // namespace larder
