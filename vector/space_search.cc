// How a VectorSpace is searched: by walking its graph and scanning its tail, or by scanning all
// that is admitted.
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>

#include "vector/nearest.h"
#include "vector/no_throw.h"
#include "vector/slot_bitmap.h"
#include "vector/space_contents.h"
#include "vector/unit_vector.h"

namespace larder {
namespace {

using Hit = HnswGraph::Hit;

// Candidates of compact rows that are ranked again by their float32 values, for k results.
std::size_t RankedAgain(std::size_t k) {
  // At least some: among vectors that are nearly the same the codes tell little.
  constexpr std::size_t kLeast = 11;
  return std::max(k + k / 2, kLeast);
}

// What a walk costs in comparisons of a scan: about so many for each candidate that it has to find,
// and more where only a share of what it meets is admitted. Measured by bench/search.
constexpr std::size_t kWalkPerCandidate = 16;

// How often a search is made again whose points were replaced meanwhile.
constexpr int kAttempts = 3;

std::uint64_t WordOf(const std::uint64_t* words, std::size_t index) {
  return std::atomic_ref<std::uint64_t>(const_cast<std::uint64_t&>(words[index]))
      .load(std::memory_order_acquire);
}

float ScoreOf(Metric metric, float distance) {
  switch (metric) {
    case Metric::kCosine:
      // Rounding may carry the inner product of unit vectors past 1.
      return std::clamp(-distance, -1.0F, 1.0F);
    case Metric::kDot:
      return -distance;
    case Metric::kEuclidean:
      return std::sqrt(std::max(0.0F, distance));
  }
  return 0.0F;
}

}  // namespace

// One search of one state of the space. Thread-safety: none.
class VectorSpace::Query {
 public:
  Query(const VectorSpace& space, const Contents& contents, const float* vector)
      : space_(space),
        contents_(contents),
        graph_(*contents.graph),
        codec_(space.codec_),
        vector_(vector),
        buffer_(codec_.row_bytes() + 2 * RowCodec::kAlignment),
        // The tail begins where the graph ends: read first, so that nothing is between them.
        linked_(graph_.linked()),
        size_(graph_.size()) {
    const auto at = std::bit_cast<std::uintptr_t>(buffer_.data()) + RowCodec::kHeaderBytes;
    const std::size_t aligned = (at + RowCodec::kAlignment - 1) / RowCodec::kAlignment;
    row_ = buffer_.data() + (aligned * RowCodec::kAlignment - at);
    codec_.Encode(vector, row_);
  }

  SearchAnswer Run(const SearchOptions& options) {
    SearchAnswer answer;
    std::optional<SlotBitmap> matching;
    std::size_t admitted = contents_.live_count.load();
    const std::uint64_t* words = contents_.live.words();
    if (options.filter != nullptr) {
      matching = LiveMatching(*options.filter);
      admitted = matching->Count();
      words = matching->words().data();
    }
    if (admitted == 0) {
      answer.exact = true;
      return answer;
    }
    const std::size_t k = std::min(options.k, admitted);
    std::vector<Hit> hits;
    const bool filtered = options.filter != nullptr;
    if (options.exact || !WalkIsCheaper(k, options.ef_search, admitted, filtered) ||
        !Walk(k, options.ef_search, filtered, words, hits)) {
      hits = ScanExactly(k, words);
      answer.exact = true;
    }
    Name(hits, k, answer.neighbours);
    overtaken_ = overtaken_ && answer.neighbours.size() < k;
    return answer;
  }

  // Whether writers took points out of the last answer and left it with fewer than were asked for.
  bool overtaken() const { return overtaken_; }

 private:
  SlotBitmap LiveMatching(const Filter& filter) const {
    FairReaderLock lock(contents_.names->mutex);
    SlotBitmap matching = contents_.names->columns.Matching(filter, size_);
    for (std::size_t i = 0; i < matching.words().size(); ++i) {
      matching.words()[i] &= contents_.live.Word(i);
    }
    return matching;
  }

  std::size_t EfOf(std::size_t k, std::size_t ef_search) const {
    return std::max(k, ef_search == 0 ? space_.options_.ef_search : ef_search);
  }

  bool WalkIsCheaper(std::size_t k, std::size_t ef_search, std::size_t admitted,
                     bool filtered) const {
    const std::size_t ef = EfOf(k, ef_search);
    if (linked_ == 0 || ef >= admitted) return false;
    if (!filtered) return admitted > space_.options_.exact_below;
    // The walk meets 1 / share slots for each that is admitted.
    return kWalkPerCandidate * ef * size_ / admitted < admitted;
  }

  // Calls visit(slot) for each admitted slot of [begin, size_), in order. Their rows are asked for
  // some visits ahead, however far apart they are.
  template <typename Visit>
  void ForEachAdmitted(std::size_t begin, const std::uint64_t* words, Visit&& visit) const {
    constexpr std::size_t kAhead = 4;
    std::array<std::uint32_t, kAhead> ahead;
    std::size_t met = 0;
    for (std::size_t index = begin / 64; index * 64 < size_; ++index) {
      std::uint64_t word = WordOf(words, index);
      if (index == begin / 64) word &= ~std::uint64_t{0} << (begin % 64);
      for (; word != 0; word &= word - 1) {
        const auto slot = static_cast<std::uint32_t>(index * 64 + std::countr_zero(word));
        if (slot >= size_) break;
        graph_.Prefetch(slot);
        std::uint32_t& place = ahead[met % kAhead];
        if (met >= kAhead) visit(place);
        place = slot;
        ++met;
      }
    }
    for (std::size_t i = met < kAhead ? 0 : met - kAhead; i < met; ++i) visit(ahead[i % kAhead]);
  }

  // False when the walk found too little: then everything has to be compared.
  bool Walk(std::size_t k, std::size_t ef_search, bool filtered, const std::uint64_t* words,
            std::vector<Hit>& hits) const {
    const bool all = !filtered && contents_.dead() == 0;
    const auto answer =
        graph_.Search(row_, EfOf(k, ef_search), linked_, all ? nullptr : words,
                      filtered ? 2 * size_ : std::numeric_limits<std::size_t>::max());
    if (!answer.complete) return false;
    const bool compact = codec_.storage() != Storage::kFloat32;
    Nearest nearest(compact ? RankedAgain(k) : k);
    for (const Hit& hit : answer.hits) nearest.Offer(hit);
    ForEachAdmitted(linked_, words, [&](std::uint32_t slot) {
      nearest.Offer({graph_.DistanceTo(row_, slot), slot});
    });
    hits = nearest.Take();
    if (hits.size() < k) return false;
    if (compact) {
      for (Hit& hit : hits)
        hit.distance = codec_.ExactDistance(vector_, contents_.VectorAt(hit.slot));
      std::sort(hits.begin(), hits.end(), Nearest::Nearer);
    }
    return true;
  }

  // Compares compact rows first: an original vector is looked at only where the bounds of its
  // distance leave it a place among the k nearest.
  std::vector<Hit> ScanExactly(std::size_t k, const std::uint64_t* words) const {
    if (codec_.storage() == Storage::kFloat32) {
      Nearest nearest(k);
      ForEachAdmitted(0, words, [&](std::uint32_t slot) {
        nearest.Offer({graph_.DistanceTo(row_, slot), slot});
      });
      return nearest.Take();
    }
    Nearest most(k);
    std::vector<Hit> candidates;  // by the least that their distance can be
    ForEachAdmitted(0, words, [&](std::uint32_t slot) {
      const RowCodec::Bounds bounds =
          codec_.BoundsOf(graph_.RowOf(slot), row_, graph_.DistanceTo(row_, slot));
      if (bounds.least > most.limit()) return;
      most.Offer({bounds.most, slot});
      candidates.push_back({bounds.least, slot});
    });
    const float limit = most.limit();
    std::erase_if(candidates, [&](const Hit& hit) { return hit.distance > limit; });
    std::sort(candidates.begin(), candidates.end(), Nearest::Nearer);
    Nearest nearest(k);
    for (const Hit& candidate : candidates) {
      if (candidate.distance > nearest.limit()) break;
      nearest.Offer(
          {codec_.ExactDistance(vector_, contents_.VectorAt(candidate.slot)), candidate.slot});
    }
    return nearest.Take();
  }

  // A point that was removed or replaced since the search began is left out; then there may be too
  // few.
  void Name(const std::vector<Hit>& hits, std::size_t k, std::vector<Neighbour>& neighbours) {
    neighbours.reserve(k);
    FairReaderLock lock(contents_.names->mutex);
    for (const Hit& hit : hits) {
      if (neighbours.size() == k) return;
      if (!contents_.live.Test(hit.slot)) {
        overtaken_ = true;
        continue;
      }
      neighbours.push_back({std::string(contents_.names->ids.IdOf(hit.slot)),
                            ScoreOf(codec_.metric(), hit.distance)});
    }
  }

  const VectorSpace& space_;
  const Contents& contents_;
  const HnswGraph& graph_;
  const RowCodec& codec_;
  const float* const vector_;
  std::vector<char> buffer_;
  const std::size_t linked_;
  const std::size_t size_;
  char* row_ = nullptr;
  bool overtaken_ = false;
};

Result<SearchAnswer> VectorSpace::Search(std::span<const float> query,
                                         const SearchOptions& options) const {
  return NoThrow([&]() -> Result<SearchAnswer> {
    if (options.k == 0) return InvalidArgument("k must be at least 1, got 0", "k");
    LARDER_RETURN_IF_ERROR(CheckVector(query, options_.dim, options_.metric));
    std::vector<float> unit;
    if (options_.metric == Metric::kCosine) {
      unit = UnitVector(query);
      query = unit;
    }
    SearchAnswer answer;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const ContentsPointer contents = Current();
      Query search(*this, *contents, query.data());
      answer = search.Run(options);
      if (!search.overtaken()) break;
    }
    return answer;
  });
}

}  // namespace larder
