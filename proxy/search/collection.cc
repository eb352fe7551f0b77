#include "proxy/search/collection.h"

#include "base/within_memory.h"
#include "proxy/search/catch_up.h"
#include "proxy/search/point_record.h"
#include "proxy/search/snapshot_mark.h"

namespace larder {
namespace {

constexpr std::size_t kMostInAGroup = 64;
constexpr std::size_t kInsertsAtOnce = 64;  // between two looks at whether to go on
constexpr std::size_t kBytesInAGroup = std::size_t{16} << 20;
// Of a point while its index is not there to be asked: links, tables, metadata.
constexpr std::size_t kGuessedBytesPerPoint = 512;

Error Full(std::size_t limit) {
  return Error{ErrorCode::kOverloaded, ErrorOrigin::kIndex,
               "the collections may use " + std::to_string(limit >> 20) +
                   " MiB of memory (collections.memory_bytes), and that is used up: delete points, "
                   "or raise it"};
}

std::size_t StoredBytes(const CollectionWrite& write) {
  std::size_t bytes = 0;
  for (const NewPoint& point : write.points) {
    bytes += point.values.size() * sizeof(float) + point.text.size() + point.metadata.size();
  }
  return bytes;
}

// A database that takes no writes any more is out of service, not broken by this request.
Error WriteError(const Error& error) {
  if (error.code != ErrorCode::kCorruption) return error;
  return Error{ErrorCode::kOverloaded, ErrorOrigin::kStore, error.message};
}

}  // namespace

// What takes its turn: a write; or the index that is ready, or both nullptr: another try for what
// was refused.
struct Collection::Turn {
  CollectionWrite* write = nullptr;
  SpacePointer ready = nullptr;
  Status status = {};  // of `ready`
};

Collection::Collection(const CollectionContext& context, CollectionRecord record)
    : context_(context),
      id_(record.id),
      spec_(record.spec),
      record_(std::move(record)),
      turns_(context.writers, kMostInAGroup,
             [this](std::span<Turn* const> group) { Process(group); }) {}

Collection::~Collection() {
  context_.memory.Tell(told_bytes_, 0);
}

CollectionRecord Collection::Record() const {
  MutexLock lock(mutex_);
  return record_;
}

std::uint64_t Collection::sequence() const {
  MutexLock lock(mutex_);
  return record_.sequence;
}

CollectionInfo Collection::Info() const {
  MutexLock lock(mutex_);
  CollectionInfo info;
  info.spec = record_.spec;
  info.created = record_.created;
  info.modified = record_.modified;
  info.points = record_.points;
  info.sequence = record_.sequence;
  info.memory_bytes = told_bytes_;
  if (space_ == nullptr) {
    const double all = static_cast<double>(std::max<std::size_t>(record_.points, 1));
    info.loaded = std::min(0.99, static_cast<double>(progress_) / all);
  }
  return info;
}

Collection::SpacePointer Collection::Current() const {
  MutexLock lock(mutex_);
  return space_;
}

std::unordered_set<std::string> Collection::Refused() const {
  MutexLock lock(mutex_);
  return refused_;
}

bool Collection::ready() const {
  return Current() != nullptr;
}

Result<Collection::SpacePointer> Collection::Space() const {
  if (SpacePointer space = Current()) return space;
  const double loaded = Info().loaded;
  MutexLock lock(mutex_);
  if (dropped_) return NoSuchCollection(spec_.name);
  Error error{ErrorCode::kOverloaded, ErrorOrigin::kIndex, ""};
  error.message = failure_.empty()
                      ? "the collection " + spec_.name + " is loading, " +
                            std::to_string(static_cast<int>(100 * loaded)) + " % by now; try again"
                      : "the collection " + spec_.name + " could not be loaded: " + failure_;
  return error;
}

VectorSpace::Options Collection::SpaceOptions() const {
  const CollectionsOptions& set = context_.options;
  VectorSpace::Options options;
  options.dim = spec_.dimensions;
  options.metric = spec_.metric;
  options.storage = spec_.storage;
  options.m = set.m;
  options.ef_construction = set.ef_construction;
  options.ef_search = set.ef_search;
  options.exact_below = set.exact_below;
  options.tail = set.tail;
  options.directory = folder();
  options.keys = set.keys;
  return options;
}

std::string Collection::folder() const {
  const std::string& all = context_.options.directory;
  return all.empty() ? "" : all + "/" + std::to_string(id_);
}

std::string Collection::snapshot_path() const {
  return folder().empty() ? "" : folder() + "/snapshot";
}

std::vector<std::string> Collection::TakeTouched() {
  MutexLock lock(mutex_);
  std::vector<std::string> ids(touched_.begin(), touched_.end());
  touched_.clear();
  return ids;
}

void Collection::Fail(const std::string& reason) {
  MutexLock lock(mutex_);
  failure_ = reason;
}

Status Collection::BecomeReady(SpacePointer space, bool changed, std::vector<std::string> refused) {
  changed_ = changed;
  {
    MutexLock lock(mutex_);
    touched_.insert(refused.begin(), refused.end());  // tried once more, with them
  }
  Turn turn{nullptr, std::move(space)};
  turns_.Run(turn);
  return turn.status;
}

bool Collection::Work(std::size_t inserts) {
  const SpacePointer space = Current();
  if (space == nullptr) return false;
  if (!Refused().empty() && context_.memory.used() < context_.memory.limit()) {
    Turn turn;
    turns_.Run(turn);
  }
  const bool more = space->Work(inserts);
  if (more) changed_ = true;
  TellMemory();
  return more;
}

Status Collection::SaveSnapshot() {
  if (snapshot_path().empty() || !ready() || !changed_.exchange(false)) return {};
  SpacePointer space;
  std::uint64_t mark = 0;
  {
    MutexLock lock(mutex_);
    if (space_ == nullptr) return {};  // dropped by now
    space = space_;
    mark = SnapshotMark(record_, record_.sequence);
  }
  Status saved = space->Save(snapshot_path(), mark);
  if (!saved.ok()) changed_ = true;
  return saved;
}

Status Collection::EraseDeleted(const std::function<bool()>& goes_on) {
  const SpacePointer space = Current();
  if (space == nullptr || !space->has_removed()) return {};
  space->Erase();
  while (space->is_erasing()) {
    space->Work(kInsertsAtOnce);
    if (goes_on()) continue;
    return Error{ErrorCode::kCancelled, ErrorOrigin::kIndex,
                 "the index of a collection still holds what was deleted"};
  }
  changed_ = true;
  TellMemory();
  if (!space->erase_failed()) return {};
  return Error{ErrorCode::kOverloaded, ErrorOrigin::kIndex,
               "there was no memory to build the index of a collection anew"};
}

void Collection::TellMemory() {
  const SpacePointer space = Current();
  std::size_t after = space == nullptr ? 0 : space->memory_bytes();
  std::size_t before = 0;
  {
    MutexLock lock(mutex_);
    if (space_ == nullptr) after = 0;
    before = std::exchange(told_bytes_, after);
  }
  context_.memory.Tell(before, after);
}

std::size_t Collection::EstimateBytes(const CollectionWrite& write) const {
  const SpacePointer space = Current();
  std::size_t bytes = 0;
  for (const NewPoint& point : write.points) {
    if (space != nullptr && space->Contains(point.id)) continue;
    bytes += point.metadata.size();
    bytes += space != nullptr ? space->UpsertBytes(point.id.size())
                              : spec_.dimensions * sizeof(float) + kGuessedBytesPerPoint;
  }
  return bytes;
}

void Collection::Write(CollectionWrite& write) {
  const MemoryBudget::Reservation room(context_.memory, EstimateBytes(write));
  if (!room.granted()) {
    write.status = Full(context_.memory.limit());
    return;
  }
  Turn turn{&write};
  turns_.Run(turn);
}

void Collection::Process(std::span<Turn* const> group) {
  while (!group.empty()) {
    std::size_t writes = 0;
    std::size_t bytes = 0;
    while (writes < group.size() && group[writes]->write != nullptr && bytes < kBytesInAGroup) {
      bytes += StoredBytes(*group[writes++]->write);
    }
    const auto part = group.first(std::max<std::size_t>(writes, 1));
    const Status done = WithinMemory([&]() -> Status {
      writes > 0 ? Commit(part) : Finish(*part[0]);
      return {};
    });
    // It may be stored, and not in the index, or not at all.
    if (!done.ok()) Abandon(part, done.error());
    group = group.subspan(part.size());
  }
}

Result<std::unordered_set<std::string_view>> Collection::Existing(
    std::span<Turn* const> group) const {
  std::vector<std::string_view> ids;
  for (const Turn* turn : group) AppendIds(*turn->write, ids);
  std::unordered_set<std::string_view> existing;
  if (const SpacePointer space = Current()) {
    const auto refused = Refused();
    for (const std::string_view id : ids) {
      if (space->Contains(id)) existing.insert(id);
      if (!refused.empty() && refused.contains(std::string(id))) existing.insert(id);
    }
    return existing;
  }
  std::vector<std::string> keys;
  for (const std::string_view id : ids) keys.push_back(PointKey(id_, id));
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  LARDER_ASSIGN_OR_RETURN(const auto stored, context_.store.MultiGet(Family::kPoints, views));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (stored[i]) existing.insert(ids[i]);
  }
  return existing;
}

void Collection::Abandon(std::span<Turn* const> group, const Error& error) {
  std::vector<std::string_view> ids;
  for (Turn* turn : group) {
    turn->status = error;
    if (turn->write == nullptr) continue;
    turn->write->status = error;
    AppendIds(*turn->write, ids);
  }
  if (!ids.empty() || group[0]->write != nullptr) Doubt(ids);
}

void Collection::Commit(std::span<Turn* const> group) {
  const auto fail_all = [&](const Error& error) {
    for (const Turn* turn : group) turn->write->status = error;
  };
  if (const Status known = Reconcile(); !known.ok()) return fail_all(known.error());
  CollectionRecord record;
  {
    MutexLock lock(mutex_);
    if (dropped_) return fail_all(NoSuchCollection(spec_.name));
    record = record_;
  }
  auto existing = Existing(group);
  if (!existing.ok()) return fail_all(existing.error());
  WritePlan plan(std::move(record), std::move(existing).value(), context_.clock.Now());
  for (const Turn* turn : group) plan.Add(*turn->write);
  if (WriteBatch batch = plan.TakeBatch(); !batch.empty()) {
    const Status applied = context_.store.ApplyOwned(std::move(batch));
    if (!applied.ok()) {
      return Abandon(group, WriteError(applied.error()));
    }
  }
  SpacePointer space;
  {
    MutexLock lock(mutex_);
    space = space_;
    dropped_ = plan.dropped();
    if (dropped_) space_.reset();
    if (space == nullptr) {
      for (const WritePlan::Change& change : plan.changes()) touched_.emplace(change.id);
    }
  }
  if (space != nullptr && !plan.dropped()) Index(plan, *space);
  {
    MutexLock lock(mutex_);
    record_ = plan.record();
  }
  changed_ = true;
  TellMemory();
  context_.wake();
}

void Collection::Index(const WritePlan& plan, VectorSpace& space) {
  for (const WritePlan::Change& change : plan.changes()) {
    Status status;
    if (change.point != nullptr) {
      status = space.Upsert({change.id, change.point->values, change.fields});
    }
    // An earlier vector must not stand for one that could not be taken.
    if (change.point == nullptr || !status.ok()) (void)space.Remove(change.id);
    MutexLock lock(mutex_);
    if (status.ok()) {
      if (!refused_.empty()) refused_.erase(std::string(change.id));
      continue;
    }
    refused_.emplace(change.id);
    change.write->status =
        Error{ErrorCode::kOverloaded, ErrorOrigin::kIndex,
              "points were stored that cannot be searched yet: " + status.error().message};
  }
}

void Collection::RetryRefused() {
  const SpacePointer space = Current();
  const auto refused = Refused();
  const std::vector<std::string> ids(refused.begin(), refused.end());
  if (space == nullptr || ids.empty()) return;
  const auto caught_up = CatchUp(context_.store, id_, ids, *space);
  if (!caught_up.ok()) return;
  MutexLock lock(mutex_);
  refused_ = {caught_up->refused.begin(), caught_up->refused.end()};
}

void Collection::Finish(Turn& turn) {
  if (turn.ready == nullptr) return RetryRefused();
  const std::vector<std::string> touched = TakeTouched();
  auto caught_up = CatchUp(context_.store, id_, touched, *turn.ready);
  if (!caught_up.ok()) {
    turn.status = caught_up.error();
    MutexLock lock(mutex_);
    touched_.insert(touched.begin(), touched.end());
    return;
  }
  if (!touched.empty()) changed_ = true;
  {
    MutexLock lock(mutex_);
    if (dropped_) return;
    refused_ = {caught_up->refused.begin(), caught_up->refused.end()};
    space_ = std::move(turn.ready);
    failure_.clear();
    // What is there counts, should the number have been wrong.
    record_.points = space_->size() + refused_.size();
  }
  TellMemory();
}

}  // namespace larder
