#include "vector/vector_space.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "vector/no_throw.h"
#include "vector/space_contents.h"
#include "vector/unit_vector.h"

namespace larder {
namespace {

// Capacities in slots: address space, memory is taken as it is used.
constexpr std::size_t kSmallCapacity = 4096;  // the float32 vectors of a small space stay in memory
constexpr std::size_t kLargeCapacity = std::size_t{1} << 24;
constexpr std::size_t kMostCapacity = std::size_t{1} << 30;
constexpr std::size_t kAddressSpace = std::size_t{1} << 37;  // for the rows of a large space
constexpr std::size_t kGrowth = 8;                           // when even that is full

// A live bit, and what is reserved and not used.
constexpr std::size_t kBytesPerSlot = 4;
Status InRange(const char* name, std::size_t value, std::size_t least, std::size_t most) {
  if (value >= least && value <= most) return {};
  return InvalidArgument(std::string(name) + " must be in [" + std::to_string(least) + ", " +
                             std::to_string(most) + "], got " + std::to_string(value),
                         name);
}

}  // namespace

VectorSpace::VectorSpace(const Options& options)
    : options_(options), codec_(options.dim, options.metric, options.storage) {}

VectorSpace::~VectorSpace() = default;

Status VectorSpace::CheckOptions(const Options& options) {
  LARDER_RETURN_IF_ERROR(InRange("dim", options.dim, 1, 65'536));
  LARDER_RETURN_IF_ERROR(InRange("m", options.m, 2, 1024));
  LARDER_RETURN_IF_ERROR(InRange("ef_construction", options.ef_construction, 1, 1'000'000));
  return InRange("ef_search", options.ef_search, 1, 1'000'000);
}

Result<std::unique_ptr<VectorSpace>> VectorSpace::Create(const Options& options) {
  return NoThrow([&]() -> Result<std::unique_ptr<VectorSpace>> {
    LARDER_RETURN_IF_ERROR(CheckOptions(options));
    std::unique_ptr<VectorSpace> space(new VectorSpace(options));
    FairWriterLock work(space->work_);
    LARDER_ASSIGN_OR_RETURN(auto contents, space->MakeContents(kSmallCapacity));
    space->Publish(std::move(contents));
    space->RemoveOtherFiles();
    return space;
  });
}

Result<VectorSpace::ContentsPointer> VectorSpace::MakeContents(std::size_t capacity) {
  auto contents = std::make_shared<Contents>(capacity);
  LARDER_ASSIGN_OR_RETURN(
      contents->graph, HnswGraph::Create(codec_, {options_.m, options_.ef_construction}, capacity));
  if (options_.storage == Storage::kFloat32) return contents;
  std::string path;
  if (!options_.directory.empty() && capacity > kSmallCapacity && options_.keys == nullptr) {
    std::error_code failed;
    for (std::size_t i = 0; path.empty() || std::filesystem::exists(path, failed); ++i) {
      path = options_.directory + "/vectors-" + std::to_string(i) + ".f32";
    }
  }
  LARDER_ASSIGN_OR_RETURN(contents->rows, VectorRows::Create(options_.dim, capacity, path));
  return contents;
}

std::size_t VectorSpace::CapacityFor(std::size_t points) const {
  if (points < kSmallCapacity) return kSmallCapacity;
  std::size_t capacity =
      std::clamp(kAddressSpace / codec_.row_bytes(), 16 * kSmallCapacity, kLargeCapacity);
  while (capacity < points + points / 8) capacity *= kGrowth;
  return std::min(capacity, kMostCapacity);
}

VectorSpace::ContentsPointer VectorSpace::Current() const {
  MutexLock lock(contents_mutex_);
  return contents_;
}

void VectorSpace::Publish(ContentsPointer contents) {
  MutexLock lock(contents_mutex_);
  contents_.swap(contents);  // the old ones go after the lock, with the last search
}

Status VectorSpace::Upsert(const Point& point) {
  return NoThrow([&]() -> Status {
    LARDER_RETURN_IF_ERROR(InRange("the id's length", point.id.size(), 1, IdTable::kMostIdBytes));
    LARDER_RETURN_IF_ERROR(CheckVector(point.vector, options_.dim, options_.metric));
    if (options_.metric != Metric::kCosine) return Store(point, point.vector.data());
    return Store(point, UnitVector(point.vector).data());
  });
}

Status VectorSpace::Store(const Point& point, const float* vector) {
  static const Metadata kNoMetadata;
  const Metadata& metadata = point.metadata == nullptr ? kNoMetadata : *point.metadata;
  bool full = false;
  while (true) {
    {
      MutexLock writer(writer_);
      const ContentsPointer contents = Current();
      if (!contents->full()) {
        LARDER_RETURN_IF_ERROR(contents->Add(point.id, vector, metadata));
        const std::size_t linked = contents->graph->linked();
        full = contents->size() - linked > options_.tail &&
               (linked > 0 || contents->size() > options_.exact_below);
        break;
      }
    }
    LARDER_RETURN_IF_ERROR(Grow());
  }
  if (full) {
    // The tail is full: who fills it helps to empty it.
    FairWriterLock work(work_);
    LinkWaiting(1);
  }
  return {};
}

Status VectorSpace::Grow() {
  FairWriterLock work(work_);
  MutexLock writer(writer_);
  const ContentsPointer old = Current();
  if (!old->full()) return {};  // somebody else did
  LARDER_ASSIGN_OR_RETURN(auto grown, GrownFrom(*old));
  if (rebuild_ != nullptr) rebuild_->from = grown;
  Publish(std::move(grown));
  return {};
}

Result<VectorSpace::ContentsPointer> VectorSpace::GrownFrom(const Contents& full) {
  const std::size_t capacity = CapacityFor(full.graph->capacity() + 1);
  if (capacity <= full.graph->capacity()) {
    return Error{ErrorCode::kOverloaded, ErrorOrigin::kIndex,
                 "the space is full: it cannot hold more vectors"};
  }
  LARDER_ASSIGN_OR_RETURN(auto grown, MakeContents(capacity));
  LARDER_ASSIGN_OR_RETURN(grown->graph, full.graph->Grown(capacity));
  for (std::uint32_t slot = 0; slot < full.size(); ++slot) {
    if (grown->rows != nullptr)
      LARDER_RETURN_IF_ERROR(grown->rows->Write(slot, full.VectorAt(slot)));
    if (full.live.Test(slot)) grown->live.Set(slot);
  }
  grown->live_count = full.live_count.load();
  grown->names = full.names;
  return grown;
}

bool VectorSpace::Remove(std::string_view id) {
  MutexLock writer(writer_);
  return Current()->Remove(id);
}

bool VectorSpace::SetMetadata(std::string_view id, const Metadata& metadata) {
  MutexLock writer(writer_);
  const ContentsPointer contents = Current();
  FairWriterLock lock(contents->names->mutex);
  const auto slot = contents->names->ids.Find(id);
  if (!slot) return false;
  if (rebuilding_.load()) metadata_changes_.push_back(*slot);
  contents->names->columns.Set(*slot, metadata);
  return true;
}

bool VectorSpace::Contains(std::string_view id) const {
  const ContentsPointer contents = Current();
  FairReaderLock lock(contents->names->mutex);
  return contents->names->ids.Find(id).has_value();
}

std::optional<std::vector<float>> VectorSpace::VectorOf(std::string_view id) const {
  const ContentsPointer contents = Current();
  std::optional<std::uint32_t> slot;
  {
    FairReaderLock lock(contents->names->mutex);
    slot = contents->names->ids.Find(id);
  }
  if (!slot) return std::nullopt;
  const float* vector = contents->VectorAt(*slot);
  return std::vector<float>(vector, vector + options_.dim);
}

std::vector<std::string> VectorSpace::Matching(const Filter& filter) const {
  const ContentsPointer contents = Current();
  std::vector<std::string> ids;
  auto& names = *contents->names;
  FairReaderLock lock(names.mutex);
  names.columns.Matching(filter, names.ids.slots())
      .ForEach([&](std::size_t slot) LARDER_LOCKED_AROUND {
        if (!contents->live.Test(slot)) return;
        ids.emplace_back(names.ids.IdOf(static_cast<std::uint32_t>(slot)));
      });
  return ids;
}

std::vector<std::string> VectorSpace::Ids() const {
  return Matching(Filter::And({}));
}

std::size_t VectorSpace::size() const {
  return Current()->live_count.load();
}

std::size_t VectorSpace::memory_bytes() const {
  const ContentsPointer contents = Current();
  const std::size_t size = contents->size();
  std::size_t bytes =
      sizeof(*this) + sizeof(Contents) + contents->graph->memory_bytes() + size * kBytesPerSlot;
  if (contents->rows != nullptr && contents->rows->path().empty()) {
    bytes += size * options_.dim * sizeof(float);
  }
  FairReaderLock lock(contents->names->mutex);
  return bytes + contents->names->ids.memory_bytes() + contents->names->columns.memory_bytes();
}

std::size_t VectorSpace::UpsertBytes(std::size_t id_bytes) const {
  const ContentsPointer contents = Current();
  std::size_t bytes = HnswGraph::EstimateBytes(codec_, {options_.m, options_.ef_construction}, 64) -
                      HnswGraph::EstimateBytes(codec_, {options_.m, options_.ef_construction}, 0);
  bytes = bytes / 64 + kBytesPerSlot;
  if (contents->rows != nullptr && contents->rows->path().empty()) {
    bytes += options_.dim * sizeof(float);
  }
  FairReaderLock lock(contents->names->mutex);
  const std::size_t growth = contents->names->ids.AppendBytes(id_bytes);
  return bytes + std::max(growth, IdTable::EstimateBytes(id_bytes));
}

}  // namespace larder
