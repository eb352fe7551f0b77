// What Collections does with points.
#include <algorithm>

#include "proxy/search/collections.h"
#include "proxy/search/point_record.h"

namespace larder {
namespace {

// A search or a read that meets a write half-way looks again so often.
constexpr int kAttempts = 3;
constexpr std::size_t kDeletesAtOnce = 1000;

// One entry an id, in order.
Result<std::vector<std::optional<StoredPoint>>> ReadPoints(const Store& store,
                                                           const Collection& collection,
                                                           std::span<const std::string> ids,
                                                           bool with_values) {
  std::vector<std::string> keys;
  keys.reserve(ids.size());
  for (const std::string& id : ids) keys.push_back(PointKey(collection.id(), id));
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  std::vector<std::optional<StoredPoint>> points(ids.size());
  for (int attempt = 1;; ++attempt) {
    LARDER_ASSIGN_OR_RETURN(const auto records, store.MultiGet(Family::kPoints, views));
    std::vector<std::optional<std::string>> values(ids.size());
    if (with_values) {
      LARDER_ASSIGN_OR_RETURN(values, store.MultiGet(Family::kPointValues, views));
    }
    bool torn = false;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      points[i].reset();
      if (!records[i]) continue;
      LARDER_ASSIGN_OR_RETURN(StoredPoint point, DecodePoint(*records[i]));
      point.id = ids[i];
      if (with_values && values[i]) {
        LARDER_ASSIGN_OR_RETURN(PointValues decoded,
                                DecodePointValues(*values[i], collection.spec().dimensions));
        torn = torn || decoded.sequence != point.sequence;
        point.values = std::move(decoded.values);
      }
      torn = torn || (with_values && !values[i]);
      points[i] = std::move(point);
    }
    if (!torn || attempt == kAttempts) return points;
  }
}

Status CheckCount(std::size_t points, const CollectionsOptions& options, const char* param) {
  if (points <= options.max_points_per_request) return {};
  return InvalidArgument("a request may name " + std::to_string(options.max_points_per_request) +
                             " points (collections.max_points_per_request), got " +
                             std::to_string(points),
                         param);
}

}  // namespace

Result<std::uint64_t> Collections::Upsert(const CollectionScope& scope, const std::string& name,
                                          std::span<const NewPoint> points, UpsertMode mode) {
  LARDER_RETURN_IF_ERROR(CheckTakesWrites());
  LARDER_ASSIGN_OR_RETURN(const CollectionPointer collection, Open(scope, name));
  LARDER_RETURN_IF_ERROR(CheckCount(points.size(), options_, "points"));
  const CollectionSpec& spec = collection->spec();
  std::vector<Metadata> fields;
  fields.reserve(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    auto checked =
        CheckPoint(points[i], spec.dimensions, spec.metric, "points[" + std::to_string(i) + "]");
    if (!checked.ok()) return checked.error();
    fields.push_back(std::move(checked).value());
  }
  CollectionWrite write;
  write.points = points;
  write.fields = fields;
  write.mode = mode;
  collection->Write(write);
  LARDER_RETURN_IF_ERROR(write.status);
  return write.sequence;
}

Result<Collections::Deleted> Collections::Delete(const CollectionScope& scope,
                                                 const std::string& name,
                                                 std::span<const std::string> ids) {
  LARDER_RETURN_IF_ERROR(CheckTakesWrites());
  LARDER_ASSIGN_OR_RETURN(const CollectionPointer collection, Open(scope, name));
  LARDER_RETURN_IF_ERROR(CheckCount(ids.size(), options_, "ids"));
  CollectionWrite write;
  write.kind = CollectionWrite::Kind::kDelete;
  write.ids = ids;
  collection->Write(write);
  LARDER_RETURN_IF_ERROR(write.status);
  return Deleted{write.sequence, write.changed};
}

Result<Collections::Deleted> Collections::DeleteMatching(const CollectionScope& scope,
                                                         const std::string& name,
                                                         const Filter& filter) {
  LARDER_RETURN_IF_ERROR(CheckTakesWrites());
  LARDER_ASSIGN_OR_RETURN(const CollectionPointer collection, Open(scope, name));
  LARDER_ASSIGN_OR_RETURN(const Collection::SpacePointer space, collection->Space());
  const std::vector<std::string> matching = space->Matching(filter);
  Deleted deleted{collection->sequence(), 0};
  for (std::span<const std::string> rest = matching; !rest.empty();) {
    const auto some = rest.first(std::min(kDeletesAtOnce, rest.size()));
    CollectionWrite write;
    write.kind = CollectionWrite::Kind::kDelete;
    write.ids = some;
    collection->Write(write);
    LARDER_RETURN_IF_ERROR(write.status);
    deleted.sequence = write.sequence;
    deleted.points += write.changed;
    rest = rest.subspan(some.size());
  }
  return deleted;
}

Result<std::vector<std::optional<StoredPoint>>> Collections::Get(const CollectionScope& scope,
                                                                 const std::string& name,
                                                                 std::span<const std::string> ids,
                                                                 bool with_values) const {
  LARDER_ASSIGN_OR_RETURN(const CollectionPointer collection, Open(scope, name));
  LARDER_RETURN_IF_ERROR(CheckCount(ids.size(), options_, "ids"));
  return ReadPoints(store_, *collection, ids, with_values);
}

Result<Collections::Page> Collections::ListIds(const CollectionScope& scope,
                                               const std::string& name, const std::string& after,
                                               std::size_t limit) const {
  LARDER_ASSIGN_OR_RETURN(const CollectionPointer collection, Open(scope, name));
  Page page;
  page.total = collection->Info().points;
  const std::string prefix = PointKeyPrefix(collection->id());
  // The first key behind `after`; of no id, which has at least one byte, before all.
  const std::string start = prefix + after + std::string(after.empty() ? 0 : 1, '\0');
  LARDER_RETURN_IF_ERROR(
      store_.ForEach(Family::kPoints, start, [&](std::string_view key, std::string_view) {
        if (!key.starts_with(prefix)) return false;
        page.more = page.ids.size() == limit;
        if (page.more) return false;
        page.ids.emplace_back(key.substr(prefix.size()));
        return true;
      }));
  return page;
}

Result<Collections::Found> Collections::Search(const CollectionScope& scope,
                                               const std::string& name,
                                               const SearchRequest& request) const {
  LARDER_ASSIGN_OR_RETURN(const CollectionPointer collection, Open(scope, name));
  const CollectionSpec& spec = collection->spec();
  if (request.vector.size() != spec.dimensions) {
    return InvalidArgument("a query of this collection has " + std::to_string(spec.dimensions) +
                               " values, got " + std::to_string(request.vector.size()),
                           "vector");
  }
  SearchOptions options;
  options.k = request.k;
  options.ef_search = request.ef_search;
  options.exact = request.exact;
  options.filter = request.filter;
  for (int attempt = 1;; ++attempt) {
    LARDER_ASSIGN_OR_RETURN(const Collection::SpacePointer space, collection->Space());
    const std::uint64_t sequence = collection->sequence();
    auto answer = space->Search(request.vector, options);
    if (!answer.ok()) {
      Error error = answer.error();
      if (error.code == ErrorCode::kInvalidArgument) error.param = "vector";
      return error;
    }
    std::vector<std::string> ids;
    for (Neighbour& neighbour : answer->neighbours) ids.push_back(std::move(neighbour.id));
    LARDER_ASSIGN_OR_RETURN(auto points, ReadPoints(store_, *collection, ids, request.with_values));
    Found found;
    found.exact = answer->exact;
    // What was written since has perhaps another vector than the one that was compared.
    bool outdated = false;
    for (std::size_t i = 0; i < points.size(); ++i) {
      outdated = outdated || !points[i] || points[i]->sequence > sequence;
      if (points[i]) {
        found.matches.push_back({std::move(*points[i]), answer->neighbours[i].score});
      }
    }
    if (!outdated || attempt == kAttempts) return found;
  }
}

}  // namespace larder
