#include "proxy/search/collection_write.h"

#include "proxy/search/point_record.h"

namespace larder {

Error NoSuchCollection(const std::string& name) {
  return Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream,
               "there is no collection named " + name + "; create it first", "collection"};
}

void AppendIds(const CollectionWrite& write, std::vector<std::string_view>& ids) {
  for (const NewPoint& point : write.points) ids.emplace_back(point.id);
  for (const std::string& id : write.ids) ids.emplace_back(id);
}

void WritePlan::Add(CollectionWrite& write) {
  if (dropped_) {
    write.status = NoSuchCollection(record_.spec.name);
    return;
  }
  switch (write.kind) {
    case CollectionWrite::Kind::kUpsert:
      AddUpsert(write);
      break;
    case CollectionWrite::Kind::kDelete:
      AddDelete(write);
      break;
    case CollectionWrite::Kind::kIndexes:
      record_.spec.metadata_indexes = *write.metadata_indexes;
      changed_ = true;
      break;
    case CollectionWrite::Kind::kDrop:
      dropped_ = true;
      changed_ = true;
      break;
  }
  write.sequence = record_.sequence;
}

void WritePlan::AddUpsert(CollectionWrite& write) {
  ++record_.sequence;
  changed_ = true;
  for (std::size_t i = 0; i < write.points.size(); ++i) {
    const NewPoint& point = write.points[i];
    const bool is_new = !existing_.contains(point.id);
    if (!is_new && write.mode == UpsertMode::kKeepExisting) continue;
    const std::string key = PointKey(record_.id, point.id);
    batch_.Put(Family::kPoints, key, EncodePoint(point, record_.sequence, now_));
    batch_.Put(Family::kPointValues, key, EncodePointValues(point.values, record_.sequence, now_));
    changes_.push_back({point.id, &point, &write.fields[i], &write});
    ++write.changed;
    if (is_new) {
      existing_.insert(point.id);
      ++record_.points;
    }
  }
}

void WritePlan::AddDelete(CollectionWrite& write) {
  for (const std::string& id : write.ids) {
    if (existing_.erase(id) == 0) continue;
    const std::string key = PointKey(record_.id, id);
    batch_.Delete(Family::kPoints, key);
    batch_.Delete(Family::kPointValues, key);
    changes_.push_back({id, nullptr, nullptr, &write});
    ++write.changed;
    --record_.points;
  }
  if (write.changed == 0) return;
  ++record_.sequence;
  changed_ = true;
}

WriteBatch WritePlan::TakeBatch() {
  if (!changed_) return {};
  const std::string key = CollectionKey(record_.scope, record_.spec.name);
  if (dropped_) {
    batch_.Delete(Family::kCollections, key);
    batch_.Put(Family::kCollections, DroppedKey(record_.id), EncodeCollectionId(record_.id));
  } else {
    record_.modified = now_;
    batch_.Put(Family::kCollections, key, EncodeCollection(record_));
  }
  return std::move(batch_);
}

}  // namespace larder
