#include "cache/store.h"

namespace larder {

std::string_view FamilyName(Family family) {
  switch (family) {
    case Family::kEmbeddings:
      return "embeddings";
    case Family::kInputs:
      return "inputs";
    case Family::kResponses:
      return "responses";
    case Family::kHistory:
      return "history";
    case Family::kResponseIds:
      return "response_ids";
    case Family::kCollections:
      return "collections";
    case Family::kPoints:
      return "points";
    case Family::kPointValues:
      return "point_values";
    case Family::kClientKeys:
      return "client_keys";
    case Family::kCounters:
      return "counters";
    case Family::kTokens:
      return "tokens";
    case Family::kSessions:
      return "sessions";
  }
  return "unknown";
}

std::span<const Family> FamiliesOf(Database database) {
  if (database == Database::kData) return kDataFamilies;
  return kCacheFamilies;
}

Status Store::ApplyTogether(std::span<const WriteBatch* const> batches) {
  WriteBatch together;
  for (const WriteBatch* batch : batches) {
    for (const auto& [family, key, value] : batch->operations()) {
      value ? together.Put(family, key, *value) : together.Delete(family, key);
    }
  }
  return Apply(together);
}

Status Store::Clear(Family family) {
  constexpr std::size_t kAtOnce = 512;
  std::string next;
  while (true) {
    WriteBatch batch;
    LARDER_RETURN_IF_ERROR(
        ForEach(family, next, [&](std::string_view key, std::string_view /*value*/) {
          batch.Delete(family, key);
          next.assign(key);
          return batch.operations().size() < kAtOnce;
        }));
    if (batch.empty()) return {};
    LARDER_RETURN_IF_ERROR(Apply(batch));
  }
}

}  // namespace larder
