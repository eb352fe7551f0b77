#include "vector/vector_space.h"

#include <utility>

#include "vector/no_throw.h"

namespace larder {

VectorSpace::VectorSpace(const Options& options)
    : options_(options),
      move_above_(options.crossover),
      exact_(std::make_shared<ExactIndex>(options.dim)) {}

std::shared_ptr<VectorIndex> VectorSpace::Current() const {
  MutexLock lock(mutex_);
  if (hnsw_ != nullptr) return hnsw_;
  return exact_;
}

bool VectorSpace::exact() const {
  MutexLock lock(mutex_);
  return exact_ != nullptr;
}

std::size_t VectorSpace::memory_bytes() const {
  return sizeof(*this) + Current()->memory_bytes();
}

std::size_t VectorSpace::NextAddBytes(std::uint64_t label) const {
  std::shared_ptr<ExactIndex> exact;
  std::shared_ptr<HnswIndex> hnsw;
  std::size_t move_above = 0;
  {
    MutexLock lock(mutex_);
    exact = exact_;
    hnsw = hnsw_;
    move_above = move_above_;
  }
  if (hnsw != nullptr) return hnsw->NextAddBytes();
  if (exact->Contains(label)) return 0;
  const std::size_t size = exact->size() + 1;
  if (size <= move_above) return ExactIndex::BytesPerVector(options_.dim);
  const std::size_t moved = HnswIndex::EstimateBytes(GraphOptions(size), size);
  return moved + moved / 64 - exact->memory_bytes();
}

HnswIndex::Options VectorSpace::GraphOptions(std::size_t size) const {
  HnswIndex::Options options = options_.hnsw;
  options.dim = options_.dim;
  options.initial_capacity = 2 * size;
  return options;
}

Status VectorSpace::Add(std::uint64_t label, std::span<const float> vector) {
  MutexLock writer(writer_);
  LARDER_RETURN_IF_ERROR(Current()->Add(label, vector));
  MoveIfGrown();
  return {};
}

bool VectorSpace::Remove(std::uint64_t label) {
  MutexLock writer(writer_);
  return Current()->Remove(label);
}

void VectorSpace::MoveIfGrown() {
  std::shared_ptr<ExactIndex> exact;
  {
    MutexLock lock(mutex_);
    if (exact_ == nullptr || exact_->size() <= move_above_) return;
    exact = exact_;
    move_above_ = 2 * exact->size();
  }
  static_cast<void>(NoThrow([&]() -> Status {
    LARDER_ASSIGN_OR_RETURN(std::shared_ptr<HnswIndex> hnsw,
                            HnswIndex::Create(GraphOptions(exact->size())));
    LARDER_RETURN_IF_ERROR(exact->ForEach(
        [&](std::uint64_t label, std::span<const float> unit) { return hnsw->Add(label, unit); }));
    MutexLock lock(mutex_);
    hnsw_ = std::move(hnsw);
    exact_.reset();
    return {};
  }));
}

}  // namespace larder
