#include "proxy/search/collections_keeper.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "base/within_memory.h"
#include "proxy/search/collection_loader.h"
#include "proxy/search/point_record.h"

namespace larder {
namespace {

namespace fs = std::filesystem;

constexpr int kBackgroundNice = 10;
// So many at a time, then the next collection gets its turn, and Stop is heard.
constexpr std::size_t kInsertsAtOnce = 64;
constexpr std::size_t kRemovalsAtOnce = 1000;

}  // namespace

CollectionsKeeper::~CollectionsKeeper() {
  Stop();
}

void CollectionsKeeper::Start() {
  SweepFolders();
  thread_ = std::thread([this] { Run(); });
}

void CollectionsKeeper::Stop() {
  if (!thread_.joinable()) return;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
  SaveSnapshots();
}

void CollectionsKeeper::LoadSoon() {
  load_soon_ = true;
  Wake();
}

void CollectionsKeeper::Wake() {
  MutexLock lock(mutex_);
  woken_ = true;
  changed_.NotifyAll();
}

void CollectionsKeeper::Remove(std::uint64_t id) {
  MutexLock lock(mutex_);
  to_remove_.push_back(id);
  woken_ = true;
  changed_.NotifyAll();
}

void CollectionsKeeper::SaveSnapshots() {
  MutexLock saving(saving_);
  for (const CollectionPointer& collection : all_()) {
    const Status saved = WithinMemory([&] { return collection->SaveSnapshot(); });
    if (!saved.ok()) {
      context_.log.Warning(
          "the snapshot of a collection could not be written: its index will be "
          "brought up to date at the next start, which takes longer",
          {{"collection", collection->Info().spec.name}, {"reason", saved.error().message}});
    }
  }
}

Status CollectionsKeeper::EraseDeleted(const std::function<bool()>& goes_on) {
  for (const CollectionPointer& collection : all_()) {
    LARDER_RETURN_IF_ERROR(collection->EraseDeleted(goes_on));
  }
  SaveSnapshots();
  return {};
}

void CollectionsKeeper::Run() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kBackgroundNice);
  LoadAll();
  auto next_save = std::chrono::steady_clock::now() + context_.options.snapshot_interval;
  while (!stopping()) {
    if (load_soon_.exchange(false)) {
      LoadAll();
      for (const std::uint64_t id : std::exchange(not_removed_, {})) Remove(id);
    }
    RemoveDropped();
    const bool more = LinkSome();
    if (std::chrono::steady_clock::now() >= next_save) {
      LoadAll();  // again, where it did not succeed
      SaveSnapshots();
      next_save = std::chrono::steady_clock::now() + context_.options.snapshot_interval;
    }
    if (more) continue;
    MutexLock lock(mutex_);
    while (!woken_ && !stopping() && changed_.WaitUntil(mutex_, next_save)) {
    }
    woken_ = false;
  }
}

// Removes the folders of collections that are no more.
void CollectionsKeeper::SweepFolders() const {
  if (context_.options.directory.empty()) return;
  std::set<std::string> kept;
  for (const CollectionPointer& collection : all_()) kept.insert(collection->folder());
  std::error_code failed;
  std::vector<fs::path> unknown;
  for (fs::directory_iterator it(context_.options.directory, failed), end; !failed && it != end;
       it.increment(failed)) {
    if (!kept.contains(it->path().string())) unknown.push_back(it->path());
  }
  for (const fs::path& path : unknown) fs::remove_all(path, failed);
}

void CollectionsKeeper::LoadAll() {
  for (const CollectionPointer& collection : all_()) {
    if (stopping()) return;
    if (collection->ready()) continue;
    const Status loaded = WithinMemory([&]() -> Status {
      LoadCollection(*collection, context_, [this] { return stopping(); });
      return {};
    });
    if (!loaded.ok()) collection->Fail(loaded.error().message);
  }
  const std::size_t used = context_.memory.used();
  if (used > context_.memory.limit()) {
    context_.log.Warning(
        "the collections use more memory than collections.memory_bytes: nothing "
        "is added until it is raised or points are deleted",
        {{"used_bytes", std::uint64_t{used}}});
  }
}

void CollectionsKeeper::RemoveDropped() {
  while (!stopping()) {
    std::uint64_t id = 0;
    {
      MutexLock lock(mutex_);
      if (to_remove_.empty()) return;
      id = to_remove_.back();
      to_remove_.pop_back();
    }
    if (const Status removed = RemovePoints(id); !removed.ok()) {
      context_.log.Warning(
          "the points of a dropped collection could not be removed; that is tried again once the "
          "database is whole, or at the next start",
          {{"reason", removed.error().message}});
      not_removed_.push_back(id);
      continue;
    }
    if (context_.options.directory.empty()) continue;
    std::error_code ignored;
    fs::remove_all(context_.options.directory + "/" + std::to_string(id), ignored);
  }
}

Status CollectionsKeeper::RemovePoints(std::uint64_t id) const {
  const std::string prefix = PointKeyPrefix(id);
  for (const Family family : {Family::kPointValues, Family::kPoints}) {
    std::vector<std::string> keys;
    do {
      keys.clear();
      LARDER_RETURN_IF_ERROR(
          context_.store.ForEach(family, prefix, [&](std::string_view key, std::string_view) {
            if (!key.starts_with(prefix)) return false;
            keys.emplace_back(key);
            return keys.size() < kRemovalsAtOnce;
          }));
      if (stopping()) return {};
      WriteBatch batch;
      for (const std::string& key : keys) batch.Delete(family, key);
      if (!batch.empty()) LARDER_RETURN_IF_ERROR(context_.store.ApplyOwned(std::move(batch)));
    } while (keys.size() == kRemovalsAtOnce);
  }
  WriteBatch last;
  last.Delete(Family::kCollections, DroppedKey(id));
  return context_.store.ApplyOwned(std::move(last));
}

bool CollectionsKeeper::LinkSome() const {
  bool more = false;
  for (const CollectionPointer& collection : all_()) {
    if (stopping()) return false;
    const auto left =
        WithinMemory([&]() -> Result<bool> { return collection->Work(kInsertsAtOnce); });
    more = (left.ok() && *left) || more;
  }
  return more;
}

}  // namespace larder
