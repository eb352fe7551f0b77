// One write to a collection, and the plan that turns several into one batch for the store and a
// list of changes for the index. Thread-safety: none; one thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cache/store.h"
#include "proxy/search/collection_record.h"
#include "proxy/search/point.h"

namespace larder {

// What its caller asked for, and what became of it. The views live until it is done.
struct CollectionWrite {
  enum class Kind {
    kUpsert,   // points
    kDelete,   // ids
    kIndexes,  // metadata_indexes
    kDrop,     // everything
  };
  Kind kind = Kind::kUpsert;
  std::span<const NewPoint> points = {};
  std::span<const Metadata> fields = {};  // of each point
  UpsertMode mode = UpsertMode::kReplace;
  std::span<const std::string> ids = {};
  const std::vector<std::pair<std::string, std::string>>* metadata_indexes = nullptr;

  Status status = {};
  std::uint64_t sequence = 0;  // of the collection, with this write in it
  std::size_t changed = 0;     // points stored or deleted
};

// The ids that a write names, which is what its plan has to know the existence of.
void AppendIds(const CollectionWrite& write, std::vector<std::string_view>& ids);

class WritePlan {
 public:
  // `existing`: those of the ids that the writes to come name which have a point.
  WritePlan(CollectionRecord record, std::unordered_set<std::string_view> existing, WallTime now)
      : record_(std::move(record)), existing_(std::move(existing)), now_(now) {}

  // Takes the write in, after those before it; sets its status, sequence and changed as they are
  // once the batch is stored. What comes after a kDrop is kNotFound.
  void Add(CollectionWrite& write);

  // A change of the index: a point, or the removal of one.
  struct Change {
    std::string_view id;
    const NewPoint* point = nullptr;  // nullptr: it is removed
    const Metadata* fields = nullptr;
    CollectionWrite* write = nullptr;
  };
  const std::vector<Change>& changes() const { return changes_; }
  const CollectionRecord& record() const { return record_; }  // afterwards
  bool dropped() const { return dropped_; }
  // Empty when nothing changes. Call once.
  WriteBatch TakeBatch();

 private:
  void AddUpsert(CollectionWrite& write);
  void AddDelete(CollectionWrite& write);

  CollectionRecord record_;
  std::unordered_set<std::string_view> existing_;
  const WallTime now_;
  WriteBatch batch_;
  std::vector<Change> changes_;
  bool changed_ = false;
  bool dropped_ = false;
};

// What a request to a collection is told that is there no more.
Error NoSuchCollection(const std::string& name);

}  // namespace larder
