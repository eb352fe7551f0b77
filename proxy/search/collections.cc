#include "proxy/search/collections.h"

#include "proxy/search/collection_loader.h"

namespace larder {
namespace {

Error Unusable(const std::string& why) {
  return Error{ErrorCode::kOverloaded, ErrorOrigin::kStore, "collections cannot be used: " + why};
}

// A store that takes no writes any more is out of service, not broken by this request.
Error WriteError(const Error& error) {
  if (error.code != ErrorCode::kCorruption) return error;
  return Error{ErrorCode::kOverloaded, ErrorOrigin::kStore, error.message};
}

Error DoesNotHoldTheSame(const std::string& name) {
  return InvalidArgument(
      "there is a collection named " + name +
          " with other dimensions, metric, storage or model; delete it first, or "
          "choose another name",
      "name");
}

}  // namespace

Collections::Collections(Store& store, const Clock& clock, Log& log, CollectionsOptions options)
    : store_(store),
      clock_(clock),
      options_(std::move(options)),
      memory_(options_.memory_bytes),
      context_{store, clock, log, options_, memory_, writers_, [this] { keeper_.Wake(); }},
      administration_(writers_, 1,
                      [](std::span<const std::function<void()>* const> group) { (*group[0])(); }),
      keeper_(context_, [this] { return All(); }) {}

Collections::~Collections() {
  Stop();
}

void Collections::Start() {
  if (stopping_) return;
  if (started_) {
    keeper_.LoadSoon();
    return;
  }
  if (const Status read = ReadAll(); !read.ok()) {
    context_.log.Error("the collections cannot be used", {{"reason", read.error().message}});
    MutexLock lock(mutex_);
    usable_ = Unusable(read.error().message);
    table_.clear();
    return;
  }
  started_ = true;
  {
    MutexLock lock(mutex_);
    usable_ = {};
  }
  keeper_.Start();
}

void Collections::Stop() {
  if (stopping_.exchange(true)) return;
  keeper_.Stop();
  writers_.Stop();
}

Status Collections::ReadAll() {
  Status problem;
  std::vector<std::uint64_t> dropped;
  const Status scanned =
      store_.ForEach(Family::kCollections, "", [&](std::string_view key, std::string_view value) {
        const CollectionKeyKind kind = KindOfKey(key);
        std::uint64_t id = 0;
        if (kind == CollectionKeyKind::kCollection) {
          auto record = DecodeCollection(key, value);
          if (!record.ok()) {
            problem = record.error();
            return false;
          }
          id = record->id;
          Name name{record->scope, record->spec.name};
          MutexLock lock(mutex_);
          table_[name] = std::make_shared<Collection>(context_, std::move(record).value());
        } else if (kind != CollectionKeyKind::kUnknown) {
          const auto decoded = DecodeCollectionId(value);
          if (!decoded.ok()) {
            problem = decoded.error();
            return false;
          }
          id = *decoded;
          if (kind == CollectionKeyKind::kDropped) dropped.push_back(id);
          if (kind == CollectionKeyKind::kNextId) --id;
        } else {
          problem = StoreError(ErrorCode::kCorruption,
                               "the collections database holds what this version cannot read");
          return false;
        }
        MutexLock lock(mutex_);
        next_id_ = std::max(next_id_, id + 1);
        return true;
      });
  LARDER_RETURN_IF_ERROR(scanned);
  LARDER_RETURN_IF_ERROR(problem);
  for (const std::uint64_t id : dropped) keeper_.Remove(id);
  return {};
}

std::vector<Collections::CollectionPointer> Collections::All() const {
  MutexLock lock(mutex_);
  std::vector<CollectionPointer> all;
  all.reserve(table_.size());
  for (const auto& [name, collection] : table_) all.push_back(collection);
  return all;
}

Collections::CollectionPointer Collections::Pointer(const CollectionScope& scope,
                                                    const std::string& name) const {
  MutexLock lock(mutex_);
  const auto found = table_.find({scope, name});
  return found == table_.end() ? nullptr : found->second;
}

Status Collections::usable() const {
  MutexLock lock(mutex_);
  return usable_;
}

Result<Collections::CollectionPointer> Collections::Open(const CollectionScope& scope,
                                                         const std::string& name) const {
  LARDER_RETURN_IF_ERROR(usable());
  CollectionPointer collection = Pointer(scope, name);
  if (collection == nullptr) return NoSuchCollection(name);
  return collection;
}

Status Collections::CheckTakesWrites() const {
  if (!stopping_) return usable();
  return Error{ErrorCode::kOverloaded, ErrorOrigin::kSelf, "this server is shutting down"};
}

std::optional<CollectionInfo> Collections::Find(const CollectionScope& scope,
                                                const std::string& name) const {
  const CollectionPointer collection = Pointer(scope, name);
  if (collection == nullptr) return std::nullopt;
  return collection->Info();
}

std::vector<CollectionInfo> Collections::List(const CollectionScope& scope) const {
  std::vector<CollectionPointer> of_scope;
  {
    MutexLock lock(mutex_);
    for (auto it = table_.lower_bound({scope, ""}); it != table_.end() && it->first.first == scope;
         ++it) {
      of_scope.push_back(it->second);
    }
  }
  std::vector<CollectionInfo> infos;
  infos.reserve(of_scope.size());
  for (const CollectionPointer& collection : of_scope) infos.push_back(collection->Info());
  return infos;
}

std::size_t Collections::CountIn(const CollectionScope& scope) const {
  MutexLock lock(mutex_);
  std::size_t count = 0;
  for (auto it = table_.lower_bound({scope, ""}); it != table_.end() && it->first.first == scope;
       ++it) {
    ++count;
  }
  return count;
}

Result<bool> Collections::Create(const CollectionScope& scope, const CollectionSpec& spec) {
  LARDER_RETURN_IF_ERROR(CheckTakesWrites());
  LARDER_RETURN_IF_ERROR(CheckSpec(spec));
  Result<bool> made = false;
  const std::function<void()> create = [&] { made = CreateInTurn(scope, spec); };
  administration_.Run(create);
  return made;
}

Result<bool> Collections::CreateInTurn(const CollectionScope& scope, const CollectionSpec& spec) {
  if (const CollectionPointer other = Pointer(scope, spec.name)) {
    if (!HoldTheSame(other->spec(), spec)) return DoesNotHoldTheSame(spec.name);
    return false;
  }
  if (CountIn(scope) >= options_.max_per_scope) {
    return InvalidArgument("there are " + std::to_string(options_.max_per_scope) +
                               " collections already, the most (collections.max_per_scope): delete "
                               "one, or raise it",
                           "name");
  }
  CollectionRecord record;
  {
    MutexLock lock(mutex_);
    record.id = next_id_++;
  }
  record.scope = scope;
  record.spec = spec;
  record.created = record.modified = clock_.Now();
  const auto collection = std::make_shared<Collection>(context_, record);
  LARDER_RETURN_IF_ERROR(BeginCollection(*collection));
  WriteBatch batch;
  batch.Put(Family::kCollections, NextIdKey(), EncodeCollectionId(record.id + 1));
  batch.Put(Family::kCollections, CollectionKey(scope, spec.name), EncodeCollection(record));
  const Status applied = store_.ApplyOwned(std::move(batch));
  if (!applied.ok()) return WriteError(applied.error());
  MutexLock lock(mutex_);
  table_[{scope, spec.name}] = collection;
  return true;
}

Result<bool> Collections::Drop(const CollectionScope& scope, const std::string& name) {
  LARDER_RETURN_IF_ERROR(CheckTakesWrites());
  Result<bool> dropped = false;
  const std::function<void()> drop = [&] { dropped = DropInTurn(scope, name); };
  administration_.Run(drop);
  return dropped;
}

Result<bool> Collections::DropInTurn(const CollectionScope& scope, const std::string& name) {
  const CollectionPointer collection = Pointer(scope, name);
  if (collection == nullptr) return false;
  CollectionWrite write;
  write.kind = CollectionWrite::Kind::kDrop;
  collection->Write(write);
  // One that an earlier call dropped, though the store said that it had not, is found out here.
  const bool gone = !write.status.ok() && write.status.error().code == ErrorCode::kNotFound;
  if (!gone) LARDER_RETURN_IF_ERROR(write.status);
  {
    MutexLock lock(mutex_);
    table_.erase({scope, name});
  }
  keeper_.Remove(collection->id());
  return true;
}

Status Collections::SetMetadataIndexes(
    const CollectionScope& scope, const std::string& name,
    const std::vector<std::pair<std::string, std::string>>& indexes) {
  LARDER_RETURN_IF_ERROR(CheckTakesWrites());
  LARDER_ASSIGN_OR_RETURN(const CollectionPointer collection, Open(scope, name));
  CollectionSpec spec = collection->spec();
  spec.metadata_indexes = indexes;
  LARDER_RETURN_IF_ERROR(CheckSpec(spec));
  CollectionWrite write;
  write.kind = CollectionWrite::Kind::kIndexes;
  write.metadata_indexes = &indexes;
  collection->Write(write);
  return write.status;
}

Collections::Totals Collections::totals() const {
  Totals totals;
  double loaded = 0;
  for (const CollectionPointer& collection : All()) {
    const CollectionInfo info = collection->Info();
    ++totals.collections;
    totals.points += info.points;
    totals.loading += info.loaded < 1 ? 1 : 0;
    loaded += info.loaded * static_cast<double>(info.points);
  }
  totals.memory_bytes = memory_.used();
  if (totals.loading > 0) {
    totals.loaded = totals.points == 0 ? 0 : loaded / static_cast<double>(totals.points);
  }
  return totals;
}

}  // namespace larder
