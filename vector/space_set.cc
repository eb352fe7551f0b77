#include "vector/space_set.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/sha256.h"
#include "vector/no_throw.h"
#include "vector/snapshot_file.h"

namespace larder {
namespace {

constexpr char kNameFile[] = "/space";
constexpr char kSnapshotFile[] = "/snapshot";
constexpr std::size_t kMostNameBytes = 65'536;

Error OverBound(std::size_t bound) {
  return Error{ErrorCode::kOverloaded, ErrorOrigin::kIndex,
               "the vector spaces would exceed their bound of " + std::to_string(bound) +
                   " bytes: drop a space or raise the bound"};
}

// As FolderOf() makes them; what else lies about is nobody's business here.
constexpr std::size_t kFolderNameDigits = 32;
bool IsFolderName(std::string_view name) {
  return name.size() == kFolderNameDigits &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The snapshot may be whole: it could not be read, or there was no memory for it.
bool IsOfTheMachine(const Error& error) {
  return error.code == ErrorCode::kIo || error.code == ErrorCode::kOverloaded;
}

Error Foreign(const std::string& folder, const std::string& why) {
  return Error{ErrorCode::kCorruption, ErrorOrigin::kIndex, folder + ": " + why};
}

}  // namespace

struct SpaceSet::Space {
  Space(SpaceKey key, std::unique_ptr<VectorSpace> made)
      : name(std::move(key)), index(std::move(made)) {}

  // What a space adds to memory_bytes_ beside its points.
  std::size_t FixedBytes() const {
    constexpr std::size_t kTableNode = 64;
    return sizeof(Space) + 2 * name.size() + kTableNode;
  }

  const SpaceKey name;
  const std::unique_ptr<VectorSpace> index;
  std::optional<std::uint64_t> loaded_at;  // its watermark
  std::atomic<bool> changed{false};        // since it was last saved
  // Taken in this order, and before those of the set. saving is held across I/O, so that a space
  // that was dropped is not written into the folder of one that has its name by now.
  Mutex saving;
  Mutex writer;
  bool dropped LARDER_GUARDED_BY(writer) = false;
  bool used LARDER_GUARDED_BY(writer) = false;  // an Upsert succeeded
  std::size_t bytes LARDER_GUARDED_BY(writer) = 0;
  std::size_t points LARDER_GUARDED_BY(writer) = 0;
};

SpaceSet::SpacePointer SpaceSet::FindSpace(const SpaceKey& name) const {
  MutexLock lock(mutex_);
  const auto found = spaces_.find(name);
  return found == spaces_.end() ? nullptr : found->second;
}

std::vector<SpaceSet::SpacePointer> SpaceSet::AllSpaces() const {
  MutexLock lock(mutex_);
  std::vector<SpacePointer> spaces;
  spaces.reserve(spaces_.size());
  for (const auto& [name, space] : spaces_) spaces.push_back(space);
  return spaces;
}

std::string SpaceSet::FolderOf(const SpaceKey& name) const {
  if (options_.directory.empty()) return {};
  return options_.directory + "/" + ToHex(Sha256Of(name)).substr(0, kFolderNameDigits);
}

Result<SpaceSet::SpacePointer> SpaceSet::FindOrMakeSpace(const SpaceKey& name, std::size_t dim) {
  if (SpacePointer found = FindSpace(name)) return found;
  MutexLock folders(folders_);
  if (SpacePointer found = FindSpace(name)) return found;
  VectorSpace::Options options = options_.space;
  options.dim = dim;
  options.directory = FolderOf(name);
  if (!options.directory.empty()) {
    std::error_code failed;
    std::filesystem::create_directories(options.directory, failed);
    if (failed) options.directory.clear();  // in memory then
  }
  LARDER_ASSIGN_OR_RETURN(auto index, VectorSpace::Create(options));
  auto made = std::make_shared<Space>(name, std::move(index));
  MutexLock lock(mutex_);
  return spaces_.try_emplace(name, std::move(made)).first->second;
}

bool SpaceSet::Reserve(std::size_t bytes) {
  std::size_t held = memory_bytes_.load(std::memory_order_relaxed);
  do {
    if (held > options_.memory_bytes || bytes > options_.memory_bytes - held) return false;
  } while (!memory_bytes_.compare_exchange_weak(held, held + bytes, std::memory_order_relaxed));
  return true;
}

void SpaceSet::Settle(Space& space, std::size_t reserved) LARDER_REQUIRES(space.writer) {
  // Unsigned sums wrap around, so that a negative difference is added rightly too.
  const std::size_t bytes = space.dropped ? 0 : space.FixedBytes() + space.index->memory_bytes();
  const std::size_t points = space.dropped ? 0 : space.index->size();
  memory_bytes_.fetch_add(bytes - space.bytes - reserved, std::memory_order_relaxed);
  size_.fetch_add(points - space.points, std::memory_order_relaxed);
  space.bytes = bytes;
  space.points = points;
}

void SpaceSet::Forget(const SpacePointer& space) {
  MutexLock lock(mutex_);
  const auto found = spaces_.find(space->name);
  if (found != spaces_.end() && found->second == space) spaces_.erase(found);
}

Status SpaceSet::Upsert(const SpaceKey& space, std::size_t dim, const VectorSpace::Point& point) {
  const Status stored = NoThrow([&]() -> Status {
    for (;;) {
      LARDER_ASSIGN_OR_RETURN(const SpacePointer found, FindOrMakeSpace(space, dim));
      if (auto done = UpsertInto(found, dim, point)) return *done;
    }
  });
  if (!stored.ok() && stored.error().code == ErrorCode::kOverloaded) {
    refused_.fetch_add(1, std::memory_order_relaxed);
  }
  return stored;
}

std::optional<Status> SpaceSet::UpsertInto(const SpacePointer& space, std::size_t dim,
                                           const VectorSpace::Point& point) {
  MutexLock writer(space->writer);
  if (space->dropped) return std::nullopt;
  if (space->index->dim() != dim) {
    return InvalidArgument("the space holds vectors of " + std::to_string(space->index->dim()) +
                           " components, got " + std::to_string(dim) +
                           ": use another space or the same dimensions");
  }
  std::size_t needed = space->index->UpsertBytes(point.id.size());
  if (!space->used) needed += space->FixedBytes() + space->index->memory_bytes();
  Status stored = OverBound(options_.memory_bytes);
  if (Reserve(needed)) {
    stored = space->index->Upsert(point);
    space->used = space->used || stored.ok();
    space->dropped = !space->used;
    if (stored.ok()) space->changed = true;
    Settle(*space, needed);
  } else {
    space->index->Reclaim();
    space->dropped = !space->used;
  }
  if (space->dropped) Forget(space);
  return stored;
}

Result<SearchAnswer> SpaceSet::Search(const SpaceKey& space, std::span<const float> query,
                                      const SearchOptions& options) const {
  const SpacePointer found = FindSpace(space);
  if (found == nullptr) return SearchAnswer{{}, true};
  return found->index->Search(query, options);
}

bool SpaceSet::Remove(const SpaceKey& space, std::string_view id) {
  const SpacePointer found = FindSpace(space);
  if (found == nullptr) return false;
  MutexLock writer(found->writer);
  const bool removed = !found->dropped && found->index->Remove(id);
  if (removed) {
    found->changed = true;
    Settle(*found, 0);
  }
  return removed;
}

bool SpaceSet::Contains(const SpaceKey& space, std::string_view id) const {
  const SpacePointer found = FindSpace(space);
  return found != nullptr && found->index->Contains(id);
}

bool SpaceSet::DropSpace(const SpaceKey& space) {
  const SpacePointer found = FindSpace(space);
  if (found == nullptr) return false;
  MutexLock saving(found->saving);
  MutexLock writer(found->writer);
  if (found->dropped) return false;
  found->dropped = true;
  Settle(*found, 0);
  MutexLock folders(folders_);
  static_cast<void>(NoThrow([&]() -> Status {
    std::error_code ignored;
    if (!options_.directory.empty()) std::filesystem::remove_all(FolderOf(space), ignored);
    return {};
  }));
  Forget(found);
  return true;
}

bool SpaceSet::Work(std::size_t inserts) {
  const auto left = NoThrow([&]() -> Result<bool> { return WorkInEach(inserts); });
  return !left.ok() || *left;
}

bool SpaceSet::WorkInEach(std::size_t inserts) {
  bool left = false;
  for (const SpacePointer& space : AllSpaces()) {
    const bool more = space->index->Work(inserts);
    left = left || more;
    MutexLock writer(space->writer);
    const std::size_t before = space->bytes;
    if (!space->dropped) Settle(*space, 0);
    if (more || space->bytes != before) space->changed = true;
  }
  return left;
}

void SpaceSet::EraseRemoved() {
  for (SpacePointer& space : AllSpaces()) {
    if (!space->index->has_removed()) continue;
    space->index->Erase();
    MutexLock lock(mutex_);
    erasing_.push_back(std::move(space));
  }
}

std::optional<Status> SpaceSet::FinishErasing() {
  std::vector<SpacePointer> spaces;
  {
    MutexLock lock(mutex_);
    spaces = erasing_;
  }
  for (const SpacePointer& space : spaces) {
    MutexLock writer(space->writer);
    if (!space->dropped && space->index->is_erasing()) return std::nullopt;
  }
  Status outcome;
  for (const SpacePointer& space : spaces) {
    space->changed = true;
    if (space->index->erase_failed()) {
      outcome = Error{ErrorCode::kOverloaded, ErrorOrigin::kIndex,
                      "there was no memory to build a vector space anew"};
    }
  }
  MutexLock lock(mutex_);
  std::erase_if(erasing_, [&](const SpacePointer& space) {
    return std::find(spaces.begin(), spaces.end(), space) != spaces.end();
  });
  return outcome;
}

void SpaceSet::RemoveOtherFolders() {
  if (options_.directory.empty()) return;
  MutexLock folders(folders_);
  static_cast<void>(NoThrow([&]() -> Status {
    std::vector<std::string> used;
    for (const SpacePointer& space : AllSpaces()) used.push_back(FolderOf(space->name));
    std::vector<std::filesystem::path> others;
    std::error_code failed;
    std::filesystem::directory_iterator entries(options_.directory, failed);
    for (; !failed && entries != std::filesystem::directory_iterator(); entries.increment(failed)) {
      if (!IsFolderName(entries->path().filename().string())) continue;
      if (std::find(used.begin(), used.end(), entries->path().string()) == used.end()) {
        others.push_back(entries->path());
      }
    }
    for (const auto& folder : others) std::filesystem::remove_all(folder, failed);
    return {};
  }));
}

Status SpaceSet::Save(std::uint64_t watermark) {
  if (options_.directory.empty()) return {};
  return NoThrow([&]() -> Status {
    Status saved;
    for (const SpacePointer& space : AllSpaces()) {
      // A space without a folder was made while the disk refused one.
      if (space->index->options().directory.empty() || !space->changed.exchange(false)) continue;
      const Status one = NoThrow([&] { return SaveOne(*space, watermark); });
      if (one.ok()) continue;
      space->changed = true;
      if (saved.ok()) saved = one;
    }
    return saved;
  });
}

Status SpaceSet::SaveOne(Space& space, std::uint64_t watermark) {
  MutexLock saving(space.saving);
  {
    MutexLock writer(space.writer);
    if (space.dropped) return {};
  }
  const std::string folder = FolderOf(space.name);
  LARDER_RETURN_IF_ERROR(space.index->Save(folder + kSnapshotFile, watermark));
  LARDER_ASSIGN_OR_RETURN(auto file,
                          SnapshotWriter::Create(folder + kNameFile, options_.space.keys));
  file.Number(static_cast<std::uint64_t>(space.index->dim()));
  file.Number(static_cast<std::uint64_t>(space.name.size()));
  file.Write(space.name.data(), space.name.size());
  return file.Commit();
}

Result<SpaceSet::SpacePointer> SpaceSet::LoadFrom(const std::string& folder) const {
  LARDER_ASSIGN_OR_RETURN(auto file, SnapshotReader::Open(folder + kNameFile, options_.space.keys));
  VectorSpace::Options options = options_.space;
  options.dim = file.Number<std::uint64_t>();
  options.directory = folder;
  SpaceKey name(std::min(file.Number<std::uint64_t>(), std::uint64_t{kMostNameBytes}), '\0');
  if (!file.Read(name.data(), name.size()) || !file.EndsWhole() || FolderOf(name) != folder) {
    return Foreign(folder, "the file that names the space is damaged");
  }
  auto loaded = VectorSpace::Load(folder + kSnapshotFile, options);
  if (!loaded.ok()) {
    Error error = Foreign(folder, loaded.error().message);
    if (IsOfTheMachine(loaded.error())) error.code = loaded.error().code;
    return error;
  }
  auto space = std::make_shared<Space>(std::move(name), std::move(loaded->space));
  space->loaded_at = loaded->watermark;
  return space;
}

SpaceSet::Loaded SpaceSet::Load() {
  Loaded loaded;
  std::error_code failed;
  if (options_.directory.empty()) return loaded;
  std::vector<std::string> folders;
  std::filesystem::directory_iterator entries(options_.directory, failed);
  for (; !failed && entries != std::filesystem::directory_iterator(); entries.increment(failed)) {
    if (IsFolderName(entries->path().filename().string())) {
      folders.push_back(entries->path().string());
    }
  }
  for (const std::string& folder : folders) {
    auto space = NoThrow([&] { return LoadFrom(folder); });
    if (!space.ok()) {
      // A folder that was never saved to is no problem: its space is built anew.
      if (space.error().code != ErrorCode::kNotFound)
        loaded.problems.push_back(space.error().message);
      if (!IsOfTheMachine(space.error())) std::filesystem::remove_all(folder, failed);
      continue;
    }
    MutexLock writer((*space)->writer);
    (*space)->used = true;
    Settle(**space, 0);
    ++loaded.spaces;
    MutexLock lock(mutex_);
    spaces_.insert_or_assign((*space)->name, *space);
  }
  return loaded;
}

std::optional<std::uint64_t> SpaceSet::WatermarkOf(const SpaceKey& space) const {
  const SpacePointer found = FindSpace(space);
  return found == nullptr ? std::nullopt : found->loaded_at;
}

std::shared_ptr<const VectorSpace> SpaceSet::Find(const SpaceKey& space) const {
  SpacePointer found = FindSpace(space);
  if (found == nullptr) return nullptr;
  const VectorSpace* index = found->index.get();
  return {std::move(found), index};
}

std::vector<SpaceInfo> SpaceSet::List() const {
  std::vector<SpaceInfo> infos;
  for (const SpacePointer& space : AllSpaces()) {
    const VectorSpace& index = *space->index;
    infos.push_back({space->name, index.dim(), index.size(),
                     space->FixedBytes() + index.memory_bytes(), index.progress()});
  }
  std::sort(infos.begin(), infos.end(),
            [](const SpaceInfo& a, const SpaceInfo& b) { return a.name < b.name; });
  return infos;
}

std::size_t SpaceSet::space_count() const {
  MutexLock lock(mutex_);
  return spaces_.size();
}

}  // namespace larder
