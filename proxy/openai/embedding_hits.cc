#include "proxy/openai/embedding_hits.h"

#include <algorithm>

#include "base/bytes.h"
#include "proxy/access/permissions.h"
#include "proxy/json/canonical_json.h"
#include "proxy/openai/embeddings_reply.h"

namespace larder {

// The members of a request, each at most once and of the type it must have.
struct EmbeddingHits::Asked {
  std::string_view model;
  std::optional<JsonElement> input;
  std::string dimensions;
  EncodingFormat encoding = EncodingFormat::kFloat;
  std::string extra = "{}";
};

bool EmbeddingHits::Read(JsonElement root, Asked& asked) const {
  JsonObject members;
  if (root.get(members) != simdjson::SUCCESS) return false;
  unsigned seen = 0;
  bool has_extra = false;
  const auto once = [&seen](unsigned bit) { return (std::exchange(seen, seen | bit) & bit) == 0; };
  for (const auto [key, value] : members) {
    if (key == "model") {
      if (!once(1) || value.get(asked.model) != simdjson::SUCCESS) return false;
    } else if (key == "input") {
      if (!once(2)) return false;
      asked.input = value;
    } else if (key == "encoding_format") {
      if (!once(4)) return false;
      std::string_view name;
      if (value.is_null()) continue;
      if (value.get(name) != simdjson::SUCCESS) return false;
      if (name != "float" && name != "base64") return false;
      asked.encoding = name == "base64" ? EncodingFormat::kBase64 : EncodingFormat::kFloat;
    } else if (key == "dimensions") {
      if (!once(8)) return false;
      std::int64_t count = 0;
      if (value.is_null()) continue;
      if (value.get(count) != simdjson::SUCCESS || count < 1) return false;
      asked.dimensions = std::to_string(count);
    } else {
      has_extra = true;
    }
  }
  if (asked.model.empty() || !asked.input) return false;
  if (has_extra) {
    if (DuplicateMember(root)) return false;
    asked.extra = ExtraOf(root);
  }
  return true;
}

bool EmbeddingHits::Take(const CacheKey& key, const FreshnessLimits& limits) {
  if (entries_.size() == kMaxInputs) return false;
  auto [entry, from_store] = service_.cache().Peek(key, limits);
  // One that was only searched with is made searchable by the ordinary way.
  if (entry == nullptr || entry->query_only) return false;
  if (!entries_.empty() && entry->dim() != entries_.front()->dim()) return false;
  entries_.push_back(std::move(entry));
  keys_.push_back(key);
  if (from_store) ++from_store_;
  return true;
}

bool EmbeddingHits::FindText(const Digest& scope, std::string_view text,
                             const FreshnessLimits& limits) {
  return !text.empty() && Take(DeriveEmbeddingKey(scope, InputKind::kText, text), limits);
}

bool EmbeddingHits::FindTokens(const Digest& scope, JsonArray tokens,
                               const FreshnessLimits& limits) {
  token_bytes_.clear();
  ByteWriter writer(token_bytes_);
  for (const JsonElement element : tokens) {
    std::int64_t token = 0;
    if (element.get(token) != simdjson::SUCCESS || token < 0) return false;
    writer.Fixed(token);
  }
  return !token_bytes_.empty() &&
         Take(DeriveEmbeddingKey(scope, InputKind::kTokens, token_bytes_), limits);
}

bool EmbeddingHits::FindAll(const Digest& scope, JsonElement input, const FreshnessLimits& limits) {
  std::string_view text;
  if (input.get(text) == simdjson::SUCCESS) return FindText(scope, text, limits);
  JsonArray array;
  if (input.get(array) != simdjson::SUCCESS || array.begin() == array.end()) return false;
  if ((*array.begin()).is_number()) return FindTokens(scope, array, limits);
  const bool texts = (*array.begin()).is_string();
  for (const JsonElement element : array) {
    JsonArray tokens;
    if (texts) {
      if (element.get(text) != simdjson::SUCCESS || !FindText(scope, text, limits)) return false;
    } else if (element.get(tokens) != simdjson::SUCCESS || !FindTokens(scope, tokens, limits)) {
      return false;
    }
  }
  return true;
}

bool EmbeddingHits::CanPrint() const {
  const auto printed = std::count_if(entries_.begin(), entries_.end(), [](const auto& entry) {
    return entry->floats_json.Get() == nullptr;
  });
  return static_cast<std::size_t>(printed) <= kMaxPrinted;
}

// Printing costs a hundred times what copying does: who asks for floats again gets them kept.
void EmbeddingHits::KeepPrinted() {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const EmbeddingEntry& entry = *entries_[i];
    if (entry.floats_json.Get() != nullptr || !entry.floats_json.AskedAgain()) continue;
    std::string text;
    AppendFloats(entry, text);
    text.shrink_to_fit();
    const std::size_t bytes = text.capacity();
    if (entry.floats_json.Keep(std::move(text))) {
      service_.cache().CountGrowth(keys_[i], entry, bytes);
    }
  }
}

bool EmbeddingHits::Answer(const HitRequest& request, CacheStatus& status, std::string& model,
                           std::string& body) {
  Asked asked;
  if (!request.root || !Read(*request.root, asked)) return false;
  if (!MayUseModel(request.key, asked.model)) return false;
  const auto& options = service_.options();
  const auto rule = options.lifetimes.Match(asked.model, request.path);
  if (rule == std::chrono::seconds{0}) return false;
  const std::chrono::seconds lifetime = rule.value_or(service_.cache().options().lifetime);
  const UpstreamSet& upstreams = service_.upstreams();
  const UpstreamSet::First home =
      upstreams.ChooseFirst(asked.model, request.path, AllowedUpstreams(request.key));
  if (home.upstream == nullptr) return false;
  const Digest scope = DeriveEmbeddingScope(
      {KeyScope{options.share_all ? Partition("all") : request.partition,
                {},
                home.upstream->name(),
                std::string(request.keyed_headers)},
       std::string(home.model), std::move(asked.dimensions), std::move(asked.extra)});
  const FreshnessLimits limits{lifetime};
  const bool found = FindAll(scope, *asked.input, limits) &&
                     EmbeddingsReplyBytes(entries_, asked.encoding) <= kMaxAnswerBytes &&
                     (asked.encoding == EncodingFormat::kBase64 || CanPrint());
  if (found) {
    status = {};
    status.layer = CacheLayer::kEmbeddings;
    status.outcome = CacheOutcome::kHit;
    status.items = status.items_hit = static_cast<std::int64_t>(entries_.size());
    status.ttl = lifetime;
    if (keys_.size() == 1) status.key = keys_[0];
    if (upstreams.size() > 1) status.upstream = home.upstream->label();
    const WallTime now = clock_.Now();
    for (const auto& entry : entries_) {
      status.saved_tokens += std::max<std::int64_t>(entry->total_tokens, 0);
      status.age = std::max(status.age, AgeOf(entry->stamp, now));
      status.ttl = std::min(status.ttl, TtlOf(entry->stamp, now, lifetime));
    }
    model.assign(asked.model);
    body.clear();
    if (asked.encoding == EncodingFormat::kFloat) KeepPrinted();
    AppendEmbeddingsReply(entries_, asked.encoding, body);
    service_.cache().CountHits(entries_.size() - from_store_, from_store_);
  }
  entries_.clear();
  keys_.clear();
  from_store_ = 0;
  return found;
}

}  // namespace larder
