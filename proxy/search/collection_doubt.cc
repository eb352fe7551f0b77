// What a collection does about a write of which it is not known whether it took effect.
#include <new>

#include "proxy/search/catch_up.h"
#include "proxy/search/collection.h"
#include "proxy/search/point_record.h"

namespace larder {

void Collection::Doubt(std::span<const std::string_view> ids) {
  MutexLock lock(mutex_);
  in_doubt_ = true;
  // Those for which there is no memory stay as they are in the index until the next start.
  try {
    for (const std::string_view id : ids) doubtful_.emplace(id);
  } catch (const std::bad_alloc&) {
  }
}

// Before the next write: a disk that failed to sync may hold what it refused, and a database that
// was opened again has it then. What the store has counts.
Status Collection::Reconcile() {
  std::vector<std::string> ids;
  CollectionRecord known;
  SpacePointer space;
  {
    MutexLock lock(mutex_);
    if (!in_doubt_) return {};
    ids.assign(doubtful_.begin(), doubtful_.end());
    known = record_;
    space = space_;
  }
  const std::string key = CollectionKey(known.scope, known.spec.name);
  const std::string_view view = key;
  LARDER_ASSIGN_OR_RETURN(const auto found,
                          context_.store.MultiGet(Family::kCollections, {&view, 1}));
  std::optional<CollectionRecord> stored;
  if (found[0]) {
    LARDER_ASSIGN_OR_RETURN(stored, DecodeCollection(key, *found[0]));
  }
  const bool dropped = !stored || stored->id != id_;
  CaughtUp caught_up;
  if (!dropped && space != nullptr) {
    LARDER_ASSIGN_OR_RETURN(caught_up, CatchUp(context_.store, id_, ids, *space));
  }
  MutexLock lock(mutex_);
  in_doubt_ = false;
  doubtful_.clear();
  if (dropped) {
    dropped_ = true;
    space_.reset();
    return {};
  }
  if (space == nullptr) touched_.insert(ids.begin(), ids.end());
  refused_.insert(caught_up.refused.begin(), caught_up.refused.end());
  if (stored->sequence != known.sequence ||
      stored->spec.metadata_indexes != known.spec.metadata_indexes) {
    record_ = *std::move(stored);
    changed_ = true;
  }
  return {};
}

}  // namespace larder
