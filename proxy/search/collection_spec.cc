#include "proxy/search/collection_spec.h"

#include <algorithm>

namespace larder {
namespace {

constexpr std::size_t kMaxModelBytes = 256;
constexpr std::size_t kMaxDescriptionBytes = 1024;
constexpr std::size_t kMaxIndexNameBytes = 128;
constexpr std::size_t kMaxIndexTypeBytes = 16;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

Status CheckBytes(std::string_view text, std::size_t most, const char* field) {
  if (text.size() <= most) return {};
  return InvalidArgument(std::string(field) + " must be at most " + std::to_string(most) +
                             " bytes long, got " + std::to_string(text.size()),
                         field);
}

}  // namespace

Status CheckSpec(const CollectionSpec& spec) {
  if (spec.name.empty() || spec.name.size() > kMaxCollectionNameBytes ||
      !std::all_of(spec.name.begin(), spec.name.end(), IsNameCharacter)) {
    return InvalidArgument(
        "a collection's name must be 1 to 128 letters, digits, underscores, dots or hyphens",
        "name");
  }
  if (spec.dimensions < 1 || spec.dimensions > kMaxDimensions) {
    return InvalidArgument(
        "dimensions must be in [1, 65536], got " + std::to_string(spec.dimensions), "dimensions");
  }
  LARDER_RETURN_IF_ERROR(CheckBytes(spec.model, kMaxModelBytes, "model"));
  LARDER_RETURN_IF_ERROR(CheckBytes(spec.description, kMaxDescriptionBytes, "description"));
  if (spec.metadata_indexes.size() > kMaxMetadataIndexes) {
    return InvalidArgument("a collection has at most 32 metadata indexes", "metadata_indexes");
  }
  for (const auto& [name, type] : spec.metadata_indexes) {
    if (name.empty() || name.size() > kMaxIndexNameBytes || type.size() > kMaxIndexTypeBytes) {
      return InvalidArgument("a metadata index needs a name of 1 to 128 bytes and a known type",
                             "metadata_indexes");
    }
  }
  return {};
}

bool HoldTheSame(const CollectionSpec& a, const CollectionSpec& b) {
  return a.dimensions == b.dimensions && a.metric == b.metric && a.storage == b.storage &&
         a.model == b.model;
}

}  // namespace larder
