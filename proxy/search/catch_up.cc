#include "proxy/search/catch_up.h"

#include "proxy/search/point_record.h"

namespace larder {
namespace {

constexpr std::size_t kAtOnce = 256;

// True when the point is in the space; what is not is told in `result`.
bool Index(const std::string& id, const std::string& point_bytes,
           const std::optional<std::string>& values_bytes, VectorSpace& space, CaughtUp& result) {
  const auto point = DecodePoint(point_bytes);
  const auto values = values_bytes
                          ? DecodePointValues(*values_bytes, space.dim())
                          : Result<PointValues>(StoreError(ErrorCode::kCorruption, "absent"));
  if (!point.ok() || !values.ok() || point->sequence != values->sequence) {
    result.unreadable.push_back(id);
    return false;
  }
  // It was looked at before it was stored; should it not do any more, the point has none.
  const auto fields = FieldsOf(point->metadata, point->name_space);
  if (!space.Upsert({id, values->values, fields.ok() ? &*fields : nullptr}).ok()) {
    result.refused.push_back(id);
    return false;
  }
  ++result.indexed;
  return true;
}

Status CatchUpSome(const Store& store, std::uint64_t collection, std::span<const std::string> ids,
                   VectorSpace& space, CaughtUp& result) {
  std::vector<std::string> keys;
  for (const std::string& id : ids) keys.push_back(PointKey(collection, id));
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  LARDER_ASSIGN_OR_RETURN(const auto points, store.MultiGet(Family::kPoints, views));
  LARDER_ASSIGN_OR_RETURN(const auto values, store.MultiGet(Family::kPointValues, views));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const bool indexed = points[i] && Index(ids[i], *points[i], values[i], space, result);
    // An earlier vector must not stand for one that could not be taken.
    if (!indexed) (void)space.Remove(ids[i]);
  }
  return {};
}

}  // namespace

Result<CaughtUp> CatchUp(const Store& store, std::uint64_t collection,
                         std::span<const std::string> ids, VectorSpace& space) {
  CaughtUp result;
  while (!ids.empty()) {
    const auto some = ids.first(std::min(kAtOnce, ids.size()));
    LARDER_RETURN_IF_ERROR(CatchUpSome(store, collection, some, space, result));
    ids = ids.subspan(some.size());
  }
  return result;
}

}  // namespace larder
