#include "cache/entry_filter.h"

#include <algorithm>

namespace larder {
namespace {

bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

std::string_view EntryLayerName(EntryLayer layer) {
  return layer == EntryLayer::kEmbeddings ? "embeddings" : "responses";
}

EntryFacts FactsOf(const CacheKey& key, const InputRecord& input, const RecordStamp& stamp) {
  const bool has_text = input.kind == InputKind::kText && !input.input.empty();
  return {EntryLayer::kEmbeddings,
          key,
          input.partition,
          input.name_space,
          input.model,
          has_text ? std::optional<std::string_view>(input.input) : std::nullopt,
          stamp.stored_at};
}

bool IsKeyPrefix(std::string_view digits) {
  return digits.size() >= 8 && digits.size() <= 64 &&
         std::all_of(digits.begin(), digits.end(), IsHexDigit);
}

bool KeyBeginsWith(const CacheKey& key, std::string_view digits) {
  if (!IsKeyPrefix(digits)) return false;
  const std::string hex = ToHex(key);
  return std::equal(digits.begin(), digits.end(), hex.begin(), [](char digit, char of_key) {
    return (digit >= 'A' && digit <= 'F' ? digit - 'A' + 'a' : digit) == of_key;
  });
}

bool EntryFilter::Concerns(EntryLayer one) const {
  if (layer && *layer != one) return false;
  return !input || one == EntryLayer::kEmbeddings;  // an answer has no text
}

bool EntryFilter::IsEmpty() const {
  return model.empty() && partition.empty() && !name_space && !key && !input && prefix.empty() &&
         !stored_before;
}

bool EntryFilter::Matches(const EntryFacts& facts) const {
  if (!Concerns(facts.layer)) return false;
  if (key && *key != facts.key) return false;
  if (!model.empty() && facts.model != model) return false;
  if (!facts.partition.starts_with(partition)) return false;
  if (name_space && facts.name_space != *name_space) return false;
  if (stored_before && facts.stored_at >= *stored_before) return false;
  if (input && facts.text != std::string_view(*input)) return false;
  if (prefix.empty()) return true;
  return (facts.text && facts.text->starts_with(prefix)) || KeyBeginsWith(facts.key, prefix);
}

}  // namespace larder
