#include "vector/exact_index.h"

#include <algorithm>
#include <cassert>

#include "vector/no_throw.h"
#include "vector/top_k.h"
#include "vector/unit_vector.h"

namespace larder {
namespace {

// A node of row_of_ (next, key, value, allocator's header) and its bucket.
constexpr std::size_t kMapBytesPerLabel = 40;

// As push_back grows, but before anything changes: what follows cannot fail half-way.
template <typename T>
void ReserveFor(std::vector<T>& items, std::size_t more) {
  const std::size_t needed = items.size() + more;
  if (items.capacity() < needed) items.reserve(std::max(needed, 2 * items.capacity()));
}

}  // namespace

ExactIndex::ExactIndex(std::size_t dim)
    : dim_(dim), inner_product_(InnerProductOf(FastestKernel())) {
  assert(dim >= 1);
}

std::size_t ExactIndex::size() const {
  FairReaderLock lock(mutex_);
  return labels_.size();
}

std::size_t ExactIndex::BytesPerVector(std::size_t dim) {
  return dim * sizeof(float) + sizeof(std::uint64_t) + kMapBytesPerLabel;
}

std::size_t ExactIndex::memory_bytes() const {
  return sizeof(*this) + size() * BytesPerVector(dim_);
}

Status ExactIndex::Add(std::uint64_t label, std::span<const float> vector) {
  return NoThrow([&]() -> Status {
    LARDER_ASSIGN_OR_RETURN(const std::vector<float> unit, UnitVector(vector, dim_));
    return AddUnit(label, unit);
  });
}

Status ExactIndex::AddUnit(std::uint64_t label, const std::vector<float>& unit) {
  FairWriterLock lock(mutex_);
  if (const auto found = row_of_.find(label); found != row_of_.end()) {
    std::copy(unit.begin(), unit.end(), rows_.data() + found->second * dim_);
    return {};
  }
  ReserveFor(rows_, dim_);
  ReserveFor(labels_, 1);
  row_of_.emplace(label, labels_.size());
  labels_.push_back(label);
  rows_.insert(rows_.end(), unit.begin(), unit.end());
  return {};
}

bool ExactIndex::Remove(std::uint64_t label) {
  FairWriterLock lock(mutex_);
  const auto found = row_of_.find(label);
  if (found == row_of_.end()) return false;
  const std::size_t row = found->second;
  const std::size_t last = labels_.size() - 1;
  row_of_.erase(found);
  if (row != last) {
    std::copy_n(rows_.data() + last * dim_, dim_, rows_.data() + row * dim_);
    labels_[row] = labels_[last];
    row_of_.find(labels_[row])->second = row;
  }
  labels_.pop_back();
  rows_.resize(last * dim_);
  return true;
}

bool ExactIndex::Contains(std::uint64_t label) const {
  FairReaderLock lock(mutex_);
  return row_of_.contains(label);
}

Result<std::vector<Neighbour>> ExactIndex::Search(std::span<const float> query,
                                                  const SearchOptions& options) const {
  return NoThrow([&]() -> Result<std::vector<Neighbour>> {
    if (options.k == 0) return InvalidArgument("k must be at least 1, got 0", "k");
    LARDER_ASSIGN_OR_RETURN(const std::vector<float> unit, UnitVector(query, dim_));
    return Scan(unit, options);
  });
}

std::vector<Neighbour> ExactIndex::Scan(const std::vector<float>& query,
                                        const SearchOptions& options) const {
  FairReaderLock lock(mutex_);
  if (labels_.empty()) return {};
  TopK top(std::min(options.k, labels_.size()));
  for (std::size_t row = 0; row < labels_.size(); ++row) {
    if (options.accept && !options.accept(labels_[row])) continue;
    const float product = inner_product_(query.data(), rows_.data() + row * dim_, dim_);
    top.Offer({labels_[row], CosineOfUnit(product)});
  }
  return top.Take();
}

Status ExactIndex::ForEach(
    const std::function<Status(std::uint64_t label, std::span<const float> unit)>& visit) const {
  FairReaderLock lock(mutex_);
  for (std::size_t row = 0; row < labels_.size(); ++row) {
    LARDER_RETURN_IF_ERROR(visit(labels_[row], {rows_.data() + row * dim_, dim_}));
  }
  return {};
}

}  // namespace larder
