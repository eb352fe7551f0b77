#include "vector/hnsw_index.h"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "vector/hnsw_graph.h"
#include "vector/no_throw.h"
#include "vector/top_k.h"
#include "vector/unit_vector.h"

namespace larder {
namespace {

// A node of slot_of (next, key, value, allocator's header) and its bucket.
constexpr std::size_t kBytesPerLabel = 40;
// An entry of label_of and a bit of live.
constexpr std::size_t kBytesPerSlot = sizeof(std::uint64_t) + 1;

// Costs in comparisons of two vectors, measured with 20,000 x 768: a walk makes about 16 per
// candidate it has to find; asking `accept` of a label costs about a 32nd of one.
constexpr std::size_t kWalkPerCandidate = 16;
constexpr std::size_t kLabelsPerComparison = 32;
constexpr std::size_t kSampledLabels = 128;

HnswGraph::Options GraphOptions(const HnswIndex::Options& options, std::size_t capacity) {
  return {.dim = options.dim,
          .m = options.m,
          .ef_construction = options.ef_construction,
          .capacity = capacity};
}

Status AtLeastOne(std::string_view name, std::size_t value) {
  if (value >= 1) return {};
  return InvalidArgument(std::string(name) + " must be at least 1, got 0", std::string(name));
}

}  // namespace

// A graph and what its slots are called. The dead slots are those nobody's label leads to.
struct HnswIndex::Contents {
  explicit Contents(std::unique_ptr<HnswGraph> made) : graph(std::move(made)) {}

  // Strong but for a slot used in vain. Errors: kOverloaded.
  Status Put(std::uint64_t label, const float* unit) {
    if (label_of.size() == label_of.capacity()) {
      label_of.reserve(2 * label_of.size() + 16);
      live.reserve(label_of.capacity());
    }
    const auto [named, added] = slot_of.try_emplace(label, 0);
    const Result<std::uint32_t> slot = graph->Insert(unit);
    label_of.resize(graph->slots());
    live.resize(graph->slots());
    if (!slot.ok()) {
      if (added) slot_of.erase(named);
      return slot.error();
    }
    if (!added) live[named->second] = false;
    named->second = *slot;
    label_of[*slot] = label;
    live[*slot] = true;
    return {};
  }

  std::size_t dead() const { return label_of.size() - slot_of.size(); }

  // How many comparisons a walk for `ef` accepted candidates may make before a scan, which asks
  // `accept` of every label, would have been cheaper; 0 when the scan is cheaper from the start.
  // The share that is accepted is that of a sample: a wrong guess costs time, never a result.
  std::size_t WalkBudget(std::size_t ef,
                         const std::function<bool(std::uint64_t label)>& accept) const {
    if (!accept) return std::numeric_limits<std::size_t>::max();
    std::size_t accepted = 0;
    for (std::size_t i = 0; i < kSampledLabels; ++i) {
      const std::size_t slot = i * 0x9e3779b97f4a7c15U % label_of.size();  // spread, never in step
      if (live[slot] && accept(label_of[slot])) ++accepted;
    }
    const std::size_t slots = label_of.size();
    const std::size_t scan = slots / kLabelsPerComparison + slots * accepted / kSampledLabels;
    if (accepted == 0 || kWalkPerCandidate * ef * kSampledLabels / accepted > scan) return 0;
    return 2 * scan;
  }

  std::unique_ptr<HnswGraph> graph;
  std::vector<std::uint64_t> label_of;  // by slot
  std::vector<bool> live;               // by slot
  std::unordered_map<std::uint64_t, std::uint32_t> slot_of;
};

Result<std::unique_ptr<HnswIndex>> HnswIndex::Create(const Options& options) {
  return NoThrow([&]() -> Result<std::unique_ptr<HnswIndex>> {
    LARDER_RETURN_IF_ERROR(AtLeastOne("dim", options.dim));
    LARDER_RETURN_IF_ERROR(AtLeastOne("ef_construction", options.ef_construction));
    LARDER_RETURN_IF_ERROR(AtLeastOne("ef_search", options.ef_search));
    LARDER_RETURN_IF_ERROR(AtLeastOne("initial_capacity", options.initial_capacity));
    if (options.m < 2 || options.m > 1024) {
      return InvalidArgument("m must be in [2, 1024], got " + std::to_string(options.m), "m");
    }
    LARDER_ASSIGN_OR_RETURN(auto graph,
                            HnswGraph::Create(GraphOptions(options, options.initial_capacity)));
    auto contents = std::make_unique<Contents>(std::move(graph));
    return std::unique_ptr<HnswIndex>(new HnswIndex(options, std::move(contents)));
  });
}

HnswIndex::HnswIndex(const Options& options, std::unique_ptr<Contents> contents)
    : options_(options),
      inner_product_(InnerProductOf(FastestKernel())),
      contents_(std::move(contents)) {}

HnswIndex::~HnswIndex() = default;

std::size_t HnswIndex::size() const {
  FairReaderLock lock(mutex_);
  return contents_->slot_of.size();
}

std::size_t HnswIndex::memory_bytes() const {
  FairReaderLock lock(mutex_);
  return sizeof(*this) + sizeof(Contents) + contents_->graph->memory_bytes() +
         contents_->label_of.size() * kBytesPerSlot + contents_->slot_of.size() * kBytesPerLabel;
}

std::size_t HnswIndex::NextAddBytes() const {
  FairReaderLock lock(mutex_);
  return contents_->graph->NextInsertBytes() + kBytesPerSlot + kBytesPerLabel;
}

std::size_t HnswIndex::EstimateBytes(const Options& options, std::size_t size) {
  return sizeof(HnswIndex) + sizeof(Contents) + size * (kBytesPerSlot + kBytesPerLabel) +
         HnswGraph::EstimateBytes(GraphOptions(options, options.initial_capacity), size);
}

Status HnswIndex::Add(std::uint64_t label, std::span<const float> vector) {
  return NoThrow([&]() -> Status {
    LARDER_ASSIGN_OR_RETURN(const std::vector<float> unit, UnitVector(vector, options_.dim));
    MutexLock writer(writer_);
    return AddUnit(label, unit);
  });
}

Status HnswIndex::AddUnit(std::uint64_t label, const std::vector<float>& unit) {
  if (IsDamaged()) LARDER_RETURN_IF_ERROR(Rebuild());
  {
    FairWriterLock lock(mutex_);
    LARDER_RETURN_IF_ERROR(contents_->Put(label, unit.data()));
  }
  RebuildIfQuarterDead();
  return {};
}

bool HnswIndex::Remove(std::uint64_t label) {
  MutexLock writer(writer_);
  {
    FairWriterLock lock(mutex_);
    const auto named = contents_->slot_of.find(label);
    if (named == contents_->slot_of.end()) return false;
    contents_->live[named->second] = false;
    contents_->slot_of.erase(named);
  }
  RebuildIfQuarterDead();
  return true;
}

bool HnswIndex::Contains(std::uint64_t label) const {
  FairReaderLock lock(mutex_);
  return contents_->slot_of.contains(label);
}

bool HnswIndex::IsDamaged() const {
  FairReaderLock lock(mutex_);
  return contents_->graph->damaged();
}

void HnswIndex::RebuildIfQuarterDead() {
  {
    FairReaderLock lock(mutex_);
    if (contents_->dead() * 4 <= contents_->label_of.size()) return;
  }
  // Refused memory leaves the old graph, which answers rightly; the next write tries again.
  static_cast<void>(Rebuild());
}

Status HnswIndex::Rebuild() {
  return NoThrow([this]() -> Status {
    std::unique_ptr<Contents> rebuilt;
    {
      FairReaderLock lock(mutex_);
      const Contents& old = *contents_;
      const std::size_t live = old.slot_of.size();
      const std::size_t capacity = std::max(options_.initial_capacity, live + live / 4);
      LARDER_ASSIGN_OR_RETURN(auto graph, HnswGraph::Create(GraphOptions(options_, capacity)));
      rebuilt = std::make_unique<Contents>(std::move(graph));
      for (std::uint32_t slot = 0; slot < old.live.size(); ++slot) {
        if (!old.live[slot]) continue;
        LARDER_RETURN_IF_ERROR(rebuilt->Put(old.label_of[slot], old.graph->VectorOf(slot)));
      }
    }
    {
      FairWriterLock lock(mutex_);
      contents_.swap(rebuilt);
    }
    return {};
  });
}

Result<std::vector<Neighbour>> HnswIndex::Search(std::span<const float> query,
                                                 const SearchOptions& options) const {
  return NoThrow([&]() -> Result<std::vector<Neighbour>> {
    if (options.k == 0) return InvalidArgument("k must be at least 1, got 0", "k");
    LARDER_ASSIGN_OR_RETURN(const std::vector<float> unit, UnitVector(query, options_.dim));
    return SearchUnit(unit, options);
  });
}

std::vector<Neighbour> HnswIndex::SearchUnit(const std::vector<float>& query,
                                             const SearchOptions& options) const {
  FairReaderLock lock(mutex_);
  const Contents& contents = *contents_;
  const std::size_t size = contents.slot_of.size();
  if (size == 0) return {};
  TopK top(std::min(options.k, size));
  const std::size_t ef =
      std::max(options.k, options.ef_search == 0 ? options_.ef_search : options.ef_search);
  const bool walkable = ef < size && !contents.graph->damaged();
  if (const std::size_t budget = walkable ? contents.WalkBudget(ef, options.accept) : 0;
      budget > 0) {
    HnswGraph::Admits admits;
    if (options.accept || contents.dead() > 0) {
      admits = [&contents, &options](std::uint32_t slot) {
        return contents.live[slot] && (!options.accept || options.accept(contents.label_of[slot]));
      };
    }
    const auto answer = contents.graph->Search(query.data(), ef, budget, admits);
    if (answer.complete && answer.hits.size() >= options.k) {
      for (const HnswGraph::Hit& hit : answer.hits) {
        top.Offer({contents.label_of[hit.slot], CosineOfUnit(hit.inner_product)});
      }
      return top.Take();
    }
  }
  for (std::uint32_t slot = 0; slot < contents.live.size(); ++slot) {
    if (!contents.live[slot]) continue;
    const std::uint64_t label = contents.label_of[slot];
    if (options.accept && !options.accept(label)) continue;
    const float* unit = contents.graph->VectorOf(slot);
    top.Offer({label, CosineOfUnit(inner_product_(query.data(), unit, options_.dim))});
  }
  return top.Take();
}

}  // namespace larder
