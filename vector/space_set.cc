#include "vector/space_set.h"

#include <algorithm>
#include <utility>

#include "vector/no_throw.h"
#include "vector/unit_vector.h"

namespace larder {
namespace {

Error OverBound(std::size_t bound) {
  return Error{ErrorCode::kOverloaded, ErrorOrigin::kIndex,
               "the vector spaces would exceed their bound of " + std::to_string(bound) +
                   " bytes: drop a space or raise the bound"};
}

}  // namespace

// Owned by the table and by calls under way.
struct SpaceSet::Space {
  Space(SpaceKey key, const VectorSpace::Options& options) : name(std::move(key)), index(options) {}

  // What an empty space adds to memory_bytes_.
  std::size_t FixedBytes() const {
    constexpr std::size_t kTableNode = 64;
    return sizeof(Space) + 2 * name.size() + kTableNode;
  }

  // Brings the totals from what was last counted, and from `reserved`, to what the space holds now.
  // Unsigned sums wrap around, so that a negative difference is added rightly too.
  void Settle(std::atomic<std::size_t>& all_bytes, std::atomic<std::size_t>& all_vectors,
              std::size_t reserved) LARDER_REQUIRES(writer) {
    const std::size_t bytes_now = dropped ? 0 : FixedBytes() + index.memory_bytes();
    const std::size_t vectors_now = dropped ? 0 : index.size();
    all_bytes.fetch_add(bytes_now - bytes - reserved, std::memory_order_relaxed);
    all_vectors.fetch_add(vectors_now - vectors, std::memory_order_relaxed);
    bytes = bytes_now;
    vectors = vectors_now;
  }

  const SpaceKey name;
  VectorSpace index;  // read without `writer`, changed under it
  Mutex writer;       // taken before SpaceSet::mutex_
  bool dropped LARDER_GUARDED_BY(writer) = false;
  bool used LARDER_GUARDED_BY(writer) = false;  // an Add succeeded
  std::size_t bytes LARDER_GUARDED_BY(writer) = 0;
  std::size_t vectors LARDER_GUARDED_BY(writer) = 0;
};

SpaceSet::SpacePointer SpaceSet::FindSpace(const SpaceKey& name) const {
  MutexLock lock(mutex_);
  const auto found = spaces_.find(name);
  return found == spaces_.end() ? nullptr : found->second;
}

SpaceSet::SpacePointer SpaceSet::FindOrMakeSpace(const SpaceKey& name, std::size_t dim) {
  if (SpacePointer found = FindSpace(name)) return found;
  auto made = std::make_shared<Space>(
      name,
      VectorSpace::Options{.dim = dim, .crossover = options_.crossover, .hnsw = options_.hnsw});
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

void SpaceSet::Forget(const SpacePointer& space) {
  MutexLock lock(mutex_);
  const auto found = spaces_.find(space->name);
  if (found != spaces_.end() && found->second == space) spaces_.erase(found);
}

Status SpaceSet::Add(const SpaceKey& space, std::size_t dim, std::uint64_t label,
                     std::span<const float> vector) {
  Status added = NoThrow([&]() -> Status {
    if (dim == 0) return InvalidArgument("dim must be at least 1, got 0");
    LARDER_RETURN_IF_ERROR(CheckVector(vector, dim));
    for (;;) {
      if (auto done = AddTo(FindOrMakeSpace(space, dim), dim, label, vector)) return *done;
    }
  });
  if (!added.ok() && added.error().code == ErrorCode::kOverloaded) {
    refused_.fetch_add(1, std::memory_order_relaxed);
  }
  return added;
}

std::optional<Status> SpaceSet::AddTo(const SpacePointer& space, std::size_t dim,
                                      std::uint64_t label, std::span<const float> vector) {
  MutexLock writer(space->writer);
  if (space->dropped) return std::nullopt;
  if (space->index.dim() != dim) {
    return InvalidArgument("the space holds vectors of " + std::to_string(space->index.dim()) +
                           " components, got " + std::to_string(dim) +
                           ": use another space or the same dimensions");
  }
  std::size_t needed = space->index.NextAddBytes(label);
  if (!space->used) needed += space->FixedBytes() + space->index.memory_bytes();
  Status added = OverBound(options_.memory_bytes);
  if (Reserve(needed)) {
    added = space->index.Add(label, vector);
    space->used = space->used || added.ok();
    space->dropped = !space->used;
    space->Settle(memory_bytes_, size_, needed);
  } else {
    space->dropped = !space->used;
  }
  if (space->dropped) Forget(space);
  return added;
}

Result<std::vector<Neighbour>> SpaceSet::Search(const SpaceKey& space, std::span<const float> query,
                                                const SearchOptions& options) const {
  const SpacePointer found = FindSpace(space);
  if (found == nullptr) return std::vector<Neighbour>{};
  return found->index.Search(query, options);
}

bool SpaceSet::Remove(const SpaceKey& space, std::uint64_t label) {
  const SpacePointer found = FindSpace(space);
  if (found == nullptr) return false;
  MutexLock writer(found->writer);
  const bool removed = !found->dropped && found->index.Remove(label);
  if (removed) found->Settle(memory_bytes_, size_, 0);
  return removed;
}

bool SpaceSet::DropSpace(const SpaceKey& space) {
  const SpacePointer found = FindSpace(space);
  if (found == nullptr) return false;
  MutexLock writer(found->writer);
  if (found->dropped) return false;
  found->dropped = true;
  found->Settle(memory_bytes_, size_, 0);
  Forget(found);
  return true;
}

std::shared_ptr<const VectorIndex> SpaceSet::Find(const SpaceKey& space) const {
  SpacePointer found = FindSpace(space);
  if (found == nullptr) return nullptr;
  const VectorIndex* index = &found->index;
  return {std::move(found), index};
}

std::vector<SpaceInfo> SpaceSet::List() const {
  std::vector<SpacePointer> spaces;
  {
    MutexLock lock(mutex_);
    spaces.reserve(spaces_.size());
    for (const auto& [name, space] : spaces_) spaces.push_back(space);
  }
  std::vector<SpaceInfo> infos;
  infos.reserve(spaces.size());
  for (const SpacePointer& space : spaces) {
    const VectorSpace& index = space->index;
    infos.push_back(
        {space->name, index.dim(), index.size(), space->FixedBytes() + index.memory_bytes()});
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
