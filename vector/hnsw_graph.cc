#include "vector/hnsw_graph.h"

#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <mutex>
#include <new>
#include <queue>
#include <utility>

#include "vector/kernels.h"
#include "vector/no_throw.h"

namespace larder {
namespace {

struct Metric {
  InnerProductFunction inner_product;
  std::size_t dim;
};

float Distance(const void* a, const void* b, const void* metric) {
  const auto* m = static_cast<const Metric*>(metric);
  return 1.0F -
         m->inner_product(static_cast<const float*>(a), static_cast<const float*>(b), m->dim);
}

class InnerProductSpace : public hnswlib::SpaceInterface<float> {
 public:
  explicit InnerProductSpace(std::size_t dim) : metric_{InnerProductOf(FastestKernel()), dim} {}
  std::size_t get_data_size() override { return metric_.dim * sizeof(float); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return &Distance; }
  void* get_dist_func_param() override { return &metric_; }
  const Metric& metric() const { return metric_; }

 private:
  Metric metric_;
};

// One search's marks of what it has seen, taken from hnswlib's pool and given back.
class VisitedLease {
 public:
  explicit VisitedLease(hnswlib::VisitedListPool& pool)
      : pool_(pool), list_(pool.getFreeVisitedList()) {}
  ~VisitedLease() {
    try {
      pool_.releaseVisitedList(list_);
    } catch (const std::bad_alloc&) {
      delete list_;  // the pool makes another
    }
  }
  VisitedLease(const VisitedLease&) = delete;
  VisitedLease& operator=(const VisitedLease&) = delete;

  // True the first time it is asked about `slot`.
  bool Mark(std::uint32_t slot) {
    if (list_->mass[slot] == list_->curV) return false;
    list_->mass[slot] = list_->curV;
    return true;
  }

 private:
  hnswlib::VisitedListPool& pool_;
  hnswlib::VisitedList* list_;
};

using Hit = HnswGraph::Hit;
struct FartherOnTop {
  bool operator()(const Hit& a, const Hit& b) const { return a.inner_product > b.inner_product; }
};
struct NearerOnTop {
  bool operator()(const Hit& a, const Hit& b) const { return a.inner_product < b.inner_product; }
};
template <typename Order>
using HitQueue = std::priority_queue<Hit, std::vector<Hit>, Order>;

constexpr std::size_t kMostSlots = std::numeric_limits<int>::max();  // hnswlib counts some in int
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
constexpr unsigned kLevelSeed = 100;  // hnswlib's: the same inserts make the same graph
constexpr std::size_t kMallocHeaderBytes = 16;

// Bytes per slot of capacity: a mutex, a level, a pointer to the upper links, a visited mark.
constexpr std::size_t kTableBytesPerSlot =
    sizeof(std::mutex) + sizeof(int) + sizeof(char*) + sizeof(hnswlib::vl_type);

std::size_t LinkBytes(std::size_t links) {
  return (links + 1) * sizeof(hnswlib::tableint);
}
std::size_t SlotBytes(const HnswGraph::Options& options) {
  return LinkBytes(2 * options.m) + options.dim * sizeof(float);
}

// hnswlib's memory layout, choice of neighbours and linking; the walks are our own: they lease
// their marks safely, prefetch, and take an ef and a predicate per query.
class Graph : public hnswlib::HierarchicalNSW<float> {
 public:
  // Sets what hnswlib's constructor for a new index sets, but so that a refused allocation leaks
  // nothing, without labels, and without 2.6 MB of locks for updates in place.
  Graph(InnerProductSpace& space, const HnswGraph::Options& options)
      : HierarchicalNSW(&space), metric_(space.metric()) {
    data_level0_memory_ = nullptr;
    linkLists_ = nullptr;
    visited_list_pool_ = nullptr;
    max_elements_ = 0;
    cur_element_count = 0;
    num_deleted_ = 0;
    enterpoint_node_ = ~hnswlib::tableint{0};
    maxlevel_ = -1;
    data_size_ = space.get_data_size();
    fstdistfunc_ = space.get_dist_func();
    dist_func_param_ = space.get_dist_func_param();
    M_ = options.m;
    maxM_ = M_;
    maxM0_ = 2 * M_;
    ef_construction_ = std::max(options.ef_construction, M_);
    ef_ = 0;
    mult_ = 1 / std::log(static_cast<double>(M_));
    revSize_ = 1 / mult_;
    level_generator_.seed(kLevelSeed);
    size_links_level0_ = LinkBytes(maxM0_);
    size_links_per_element_ = LinkBytes(maxM_);
    offsetLevel0_ = 0;
    offsetData_ = size_links_level0_;
    size_data_per_element_ = SlotBytes(options);
    label_offset_ = size_data_per_element_;
    Grow(options.capacity);
  }

  bool empty() const { return maxlevel_ < 0; }
  bool damaged() const { return damaged_; }
  std::size_t upper_bytes() const { return upper_bytes_; }

  // resizeIndex() with the strong guarantee: a refused allocation leaves everything as it was.
  void Grow(std::size_t capacity) {
    auto pool = std::make_unique<hnswlib::VisitedListPool>(0, static_cast<int>(capacity));
    std::vector<std::mutex> locks(capacity);
    element_levels_.resize(capacity);
    void* level0 = std::realloc(data_level0_memory_, capacity * size_data_per_element_);
    if (level0 == nullptr) throw std::bad_alloc();
    data_level0_memory_ = static_cast<char*>(level0);
    void* links = std::realloc(linkLists_, capacity * sizeof(char*));
    if (links == nullptr) throw std::bad_alloc();
    linkLists_ = static_cast<char**>(links);
    link_list_locks_.swap(locks);
    delete std::exchange(visited_list_pool_, pool.release());
    max_elements_ = capacity;
  }

  // Algorithm 1. addPoint() holds the new element's lock while it takes its neighbours', which
  // ThreadSanitizer reports as an inversion; here an insert is alone and holds none.
  // Precondition: cur_element_count < max_elements_.
  std::uint32_t Insert(const float* unit) {
    const auto slot = static_cast<std::uint32_t>(cur_element_count);
    const int level = getRandomLevel(mult_);
    if (level > 0) {
      const auto layers = static_cast<std::size_t>(level);
      void* links = std::calloc(layers, size_links_per_element_);
      if (links == nullptr) throw std::bad_alloc();
      linkLists_[slot] = static_cast<char*>(links);
      upper_bytes_ += layers * size_links_per_element_ + kMallocHeaderBytes;
    }
    std::memset(get_linklist0(slot), 0, size_links_level0_);
    std::memcpy(getDataByInternalId(slot), unit, data_size_);
    element_levels_[slot] = level;
    ++cur_element_count;
    const bool was_damaged = std::exchange(damaged_, true);
    if (!empty()) Link(unit, slot, level);
    if (level > maxlevel_) {
      enterpoint_node_ = slot;
      maxlevel_ = level;
    }
    damaged_ = was_damaged;
    return slot;
  }

  const float* VectorOf(std::uint32_t slot) const {
    // Layer 0's rows are multiples of 4 bytes long and malloc's blocks are aligned for more.
    return static_cast<const float*>(static_cast<const void*>(getDataByInternalId(slot)));
  }

  float InnerProductWith(const float* query, std::uint32_t slot) const {
    return metric_.inner_product(query, VectorOf(slot), metric_.dim);
  }

  // The greedy walk from the entry point through all layers above `bottom`. Precondition: !empty().
  Hit Descend(const float* query, int bottom) const {
    Hit nearest{enterpoint_node_, InnerProductWith(query, enterpoint_node_)};
    for (int level = maxlevel_; level > bottom; --level) {
      for (bool moved = true; moved;) {
        moved = false;
        hnswlib::linklistsizeint* list = get_linklist(nearest.slot, level);
        const std::size_t count = getListCount(list);
        for (std::size_t i = 1; i <= count; ++i) {
          const Hit next{list[i], InnerProductWith(query, list[i])};
          if (next.inner_product > nearest.inner_product) {
            nearest = next;
            moved = true;
          }
        }
      }
    }
    return nearest;
  }

  // Algorithm 2 in layer `level`. Every slot is a step of the walk, admitted ones are also results.
  HnswGraph::Answer Walk(const float* query, const Hit& entry, int level, std::size_t ef,
                         std::size_t max_visits, const HnswGraph::Admits& admits) const {
    VisitedLease visited(*visited_list_pool_);
    HitQueue<NearerOnTop> candidates;
    HitQueue<FartherOnTop> found;
    const auto consider = [&](const Hit& hit) {
      if (found.size() == ef && hit.inner_product <= found.top().inner_product) return;
      candidates.push(hit);
      if (admits && !admits(hit.slot)) return;
      found.push(hit);
      if (found.size() > ef) found.pop();
    };
    HnswGraph::Answer answer;
    visited.Mark(entry.slot);
    consider(entry);
    std::size_t visits = 1;
    while (!candidates.empty()) {
      const Hit nearest = candidates.top();
      if (found.size() == ef && nearest.inner_product < found.top().inner_product) break;
      candidates.pop();
      hnswlib::linklistsizeint* list = get_linklist_at_level(nearest.slot, level);
      const std::size_t count = getListCount(list);
      if (visits + count > max_visits) {
        answer.complete = false;
        break;
      }
      for (std::size_t i = 1; i <= count; ++i) {
        if (i < count) __builtin_prefetch(VectorOf(list[i + 1]));
        if (!visited.Mark(list[i])) continue;
        ++visits;
        consider({list[i], InnerProductWith(query, list[i])});
      }
    }
    answer.hits.reserve(found.size());
    for (; !found.empty(); found.pop()) answer.hits.push_back(found.top());
    return answer;
  }

 private:
  void Link(const float* unit, std::uint32_t slot, int top_level) {
    std::uint32_t entry = Descend(unit, top_level).slot;
    for (int level = std::min(top_level, maxlevel_); level >= 0; --level) {
      const Hit start{entry, InnerProductWith(unit, entry)};
      const auto answer = Walk(unit, start, level, ef_construction_, kNoLimit, {});
      std::priority_queue<std::pair<float, hnswlib::tableint>,
                          std::vector<std::pair<float, hnswlib::tableint>>, CompareByFirst>
          nearest;
      for (const Hit& hit : answer.hits) nearest.emplace(1.0F - hit.inner_product, hit.slot);
      entry = mutuallyConnectNewElement(unit, slot, nearest, level, false);
    }
  }

  const Metric metric_;
  std::size_t upper_bytes_ = 0;
  bool damaged_ = false;  // an insert began to link and did not end
};

}  // namespace

struct HnswGraph::Impl {
  explicit Impl(const Options& options)
      : options(options), space(options.dim), graph(space, options) {}

  const Options options;
  InnerProductSpace space;
  Graph graph;
};

HnswGraph::HnswGraph(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HnswGraph::~HnswGraph() = default;

Result<std::unique_ptr<HnswGraph>> HnswGraph::Create(const Options& options) {
  return NoThrow([&]() -> Result<std::unique_ptr<HnswGraph>> {
    if (options.capacity > kMostSlots) throw std::bad_alloc();
    return std::unique_ptr<HnswGraph>(new HnswGraph(std::make_unique<Impl>(options)));
  });
}

Result<std::uint32_t> HnswGraph::Insert(const float* unit) {
  return NoThrow([&]() -> Result<std::uint32_t> {
    Graph& graph = impl_->graph;
    if (graph.cur_element_count == graph.max_elements_) {
      if (graph.max_elements_ == kMostSlots) throw std::bad_alloc();
      graph.Grow(std::min(kMostSlots, 2 * graph.max_elements_));
    }
    return graph.Insert(unit);
  });
}

bool HnswGraph::damaged() const {
  return impl_->graph.damaged();
}

HnswGraph::Answer HnswGraph::Search(const float* query, std::size_t ef, std::size_t max_visits,
                                    const Admits& admits) const {
  const Graph& graph = impl_->graph;
  if (graph.empty()) return {};
  return graph.Walk(query, graph.Descend(query, 0), 0, ef, max_visits, admits);
}

std::size_t HnswGraph::slots() const {
  return impl_->graph.cur_element_count;
}

const float* HnswGraph::VectorOf(std::uint32_t slot) const {
  return impl_->graph.VectorOf(slot);
}

std::size_t HnswGraph::memory_bytes() const {
  const Graph& graph = impl_->graph;
  return sizeof(Impl) + graph.max_elements_ * kTableBytesPerSlot +
         graph.cur_element_count * graph.size_data_per_element_ + graph.upper_bytes();
}

std::size_t HnswGraph::NextInsertBytes() const {
  const Graph& graph = impl_->graph;
  const bool doubles = graph.cur_element_count == graph.max_elements_;
  // A slot is above layer n with probability M^-n: 2^-16 for the smallest M.
  constexpr std::size_t kLayers = 16;
  return graph.size_data_per_element_ + kLayers * graph.size_links_per_element_ +
         kMallocHeaderBytes + (doubles ? graph.max_elements_ * kTableBytesPerSlot : 0);
}

std::size_t HnswGraph::EstimateBytes(const Options& options, std::size_t slots) {
  const std::size_t capacity = std::max(options.capacity, slots);
  // Layers above 0 hold slots / (M - 1) elements in all.
  const std::size_t upper = slots / (std::max<std::size_t>(options.m, 2) - 1) *
                            (LinkBytes(options.m) + kMallocHeaderBytes);
  return sizeof(Impl) + capacity * kTableBytesPerSlot + slots * SlotBytes(options) + upper;
}

}  // namespace larder
