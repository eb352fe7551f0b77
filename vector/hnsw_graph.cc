#include "vector/hnsw_graph.h"

#include <new>
#include <utility>

#include "vector/hnsw_links.h"
#include "vector/no_throw.h"

namespace larder {

struct HnswGraph::Impl {
  Impl(const RowCodec& codec, const Options& chosen, std::size_t capacity)
      : options(chosen), space(codec), graph(space, options, capacity) {}

  const Options options;
  CodedSpace space;
  HnswLinks graph;
};

HnswGraph::HnswGraph(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HnswGraph::~HnswGraph() = default;

Result<std::unique_ptr<HnswGraph>> HnswGraph::Create(const RowCodec& codec, const Options& options,
                                                     std::size_t capacity) {
  return NoThrow([&]() -> Result<std::unique_ptr<HnswGraph>> {
    if (capacity > Beam::kMostSlots) throw std::bad_alloc();
    return std::unique_ptr<HnswGraph>(
        new HnswGraph(std::make_unique<Impl>(codec, options, capacity)));
  });
}

Result<std::unique_ptr<HnswGraph>> HnswGraph::Grown(std::size_t capacity) const {
  return NoThrow([&]() -> Result<std::unique_ptr<HnswGraph>> {
    LARDER_ASSIGN_OR_RETURN(auto grown, Create(codec(), impl_->options, capacity));
    grown->impl_->graph.CopyFrom(impl_->graph);
    return grown;
  });
}

const RowCodec& HnswGraph::codec() const {
  return impl_->graph.codec();
}
std::size_t HnswGraph::capacity() const {
  return impl_->graph.max_elements_;
}
std::size_t HnswGraph::size() const {
  return impl_->graph.size();
}
std::size_t HnswGraph::linked() const {
  return impl_->graph.linked();
}

void HnswGraph::Append(const float* vector) {
  impl_->graph.Append(vector);
}

Status HnswGraph::LinkNext() {
  return NoThrow([&]() -> Status {
    impl_->graph.LinkNext();
    return {};
  });
}

const void* HnswGraph::RowOf(std::uint32_t slot) const {
  return impl_->graph.RowOf(slot);
}

float HnswGraph::DistanceTo(const void* query, std::uint32_t slot) const {
  return impl_->graph.Distance(query, slot);
}

void HnswGraph::Prefetch(std::uint32_t slot) const {
  impl_->graph.Prefetch(slot);
}

HnswGraph::Answer HnswGraph::Search(const void* query, std::size_t ef, std::size_t bound,
                                    const std::uint64_t* admitted, std::size_t max_visits) const {
  return impl_->graph.Search(query, ef, bound, admitted, max_visits);
}

std::size_t HnswGraph::memory_bytes() const {
  const HnswLinks& graph = impl_->graph;
  return sizeof(Impl) + graph.size() * (graph.size_data_per_element_ + kTableBytes) +
         graph.upper_bytes();
}

std::size_t HnswGraph::EstimateBytes(const RowCodec& codec, const Options& options,
                                     std::size_t slots) {
  // Layers above 0 hold slots / (M - 1) elements in all.
  const std::size_t upper = slots / (std::max<std::size_t>(options.m, 2) - 1) *
                            (LinkBytes(options.m) + kMallocHeaderBytes);
  return sizeof(Impl) + slots * (StrideOf(codec, options.m) + kTableBytes) + upper;
}

void HnswGraph::Save(std::size_t size,
                     const std::function<void(const void*, std::size_t)>& write) const {
  impl_->graph.Save(size, write);
}

Result<std::unique_ptr<HnswGraph>> HnswGraph::Load(
    const RowCodec& codec, const Options& options, std::size_t capacity, std::size_t size,
    const std::function<bool(void*, std::size_t)>& read) {
  return NoThrow([&]() -> Result<std::unique_ptr<HnswGraph>> {
    LARDER_ASSIGN_OR_RETURN(auto graph, Create(codec, options, capacity));
    if (size <= capacity && graph->impl_->graph.Load(size, read)) return graph;
    return Error{ErrorCode::kCorruption, ErrorOrigin::kIndex,
                 "the snapshot holds no whole graph: it is built anew"};
  });
}

}  // namespace larder
