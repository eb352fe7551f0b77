// HnswLinks: the rows and lists of an HnswGraph. hnswlib's memory layout and choice of neighbours;
// linking and walks of our own, so that they run beside each other, load ahead, and take an ef and
// admitted slots per query. For hnsw_graph.cc alone, whose header says what is promised, thread-
// safety too.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <new>
#include <queue>
#include <utility>

#include "vector/beam.h"
#include "vector/hnsw_graph.h"
#include "vector/hnsw_layout.h"
#include "vector/lazy_array.h"
#include "vector/visited.h"

namespace larder {

inline constexpr int kMostLevel = 31;
inline constexpr std::size_t kUnseen = 64;  // neighbours gathered before they are compared
// The processor's own prefetching takes over behind so many lines.
inline constexpr std::size_t kFetchedLines = 28;

// hnswlib's constructor leaves what its destructor frees as it finds it: that must not happen to
// what is built upon it and is refused memory half-way.
struct EmptyHnsw : hnswlib::HierarchicalNSW<float> {
  explicit EmptyHnsw(hnswlib::SpaceInterface<float>* space) : HierarchicalNSW(space) {
    data_level0_memory_ = nullptr;
    linkLists_ = nullptr;
    visited_list_pool_ = nullptr;
    cur_element_count = 0;
  }
};

class HnswLinks : public EmptyHnsw {
 public:
  using Hit = HnswGraph::Hit;
  using Slot = hnswlib::tableint;
  using Nearest = std::priority_queue<std::pair<float, Slot>, std::vector<std::pair<float, Slot>>,
                                      CompareByFirst>;

  HnswLinks(CodedSpace& space, const HnswGraph::Options& options, std::size_t capacity)
      : EmptyHnsw(&space),
        codec_(space.codec()),
        rows_(capacity * StrideOf(space.codec(), options.m),
              capacity >= kHugePagesFrom ? Pages::kHuge : Pages::kNormal),
        upper_(capacity),
        levels_(capacity),
        scales_(codec_.scaled() ? capacity : 0) {
    M_ = options.m;
    maxM_ = M_;
    maxM0_ = 2 * M_;
    ef_construction_ = std::max(options.ef_construction, M_);
    mult_ = 1 / std::log(static_cast<double>(M_));
    max_elements_ = capacity;
    cur_element_count = 0;
    data_size_ = space.get_data_size();
    fstdistfunc_ = space.get_dist_func();
    dist_func_param_ = space.get_dist_func_param();
    size_links_level0_ = LinkBytes(maxM0_);
    size_links_per_element_ = LinkBytes(maxM_);
    size_data_per_element_ = StrideOf(codec_, M_);
    offsetLevel0_ = 0;
    offsetData_ = size_data_per_element_ - data_size_;
    label_offset_ = size_data_per_element_;
    data_level0_memory_ = rows_.data();
    linkLists_ = upper_.data();
    fetched_lines_ = std::min(kFetchedLines, data_size_ / kCacheLine);
  }

  ~HnswLinks() {
    // One more: a slot that could not be linked may have its lists.
    const std::size_t slots = std::min(linked() + 1, max_elements_);
    for (std::size_t slot = 0; slot < slots; ++slot) std::free(upper_[slot]);
    data_level0_memory_ = nullptr;
    linkLists_ = nullptr;
  }

  const RowCodec& codec() const { return codec_; }
  std::size_t size() const { return size_.load(std::memory_order_acquire); }
  std::size_t linked() const { return linked_.load(std::memory_order_acquire); }
  std::size_t upper_bytes() const { return upper_bytes_.load(std::memory_order_relaxed); }

  void Append(const float* vector) {
    const std::size_t slot = size_.load(std::memory_order_relaxed);
    codec_.Encode(vector, RowOf(static_cast<Slot>(slot)));
    KeepScale(static_cast<Slot>(slot));
    size_.store(slot + 1, std::memory_order_release);
  }

  void* RowOf(Slot slot) const { return getDataByInternalId(slot); }

  // Loads whose values nobody waits for: more of them are under way at a time than of the
  // processor's prefetches, measured at 3 % more searches.
  void Prefetch(Slot slot) const {
    const char* line = static_cast<const char*>(RowOf(slot)) + RowCodec::kHeaderBytes;
    for (std::size_t i = 0; i < fetched_lines_; ++i) {
      static_cast<void>(*static_cast<const volatile char*>(line + i * kCacheLine));
    }
  }
  // As RowCodec::Distance, but a row's scale is read from where those of others are near: its
  // header would be one more cache line.
  float Distance(const void* query, Slot slot) const {
    return codec_.scaled() ? codec_.ScaledDistance(RowOf(slot), scales_[slot], query)
                           : codec_.Distance(RowOf(slot), query);
  }

  // Algorithm 1.
  void LinkNext() {
    const auto slot = static_cast<Slot>(linked_.load(std::memory_order_relaxed));
    const int level = LevelOf(slot);
    if (level > 0 && upper_[slot] == nullptr) AllocateUpper(slot, level);
    const std::uint64_t entry = entry_.load(std::memory_order_relaxed);
    const int top = TopLevel(entry);
    if (top >= 0) {
      const void* row = RowOf(slot);
      Hit nearest = Descend(row, entry, level, slot);
      for (int at = std::min(level, top); at >= 0; --at) {
        Beam beam(ef_construction_);
        Walk(row, nearest, at, slot, beam);
        nearest = {beam.places().front().distance, beam.places().front().slot};
        Connect(slot, at, beam);
      }
    }
    if (level > top) entry_.store(Entry(slot, level), std::memory_order_release);
    linked_.store(slot + 1, std::memory_order_release);
  }

  HnswGraph::Answer Search(const void* query, std::size_t ef, std::size_t bound,
                           const std::uint64_t* admitted, std::size_t max_visits) const {
    HnswGraph::Answer answer;
    const std::uint64_t entry = entry_.load(std::memory_order_acquire);
    if (TopLevel(entry) < 0 || bound == 0) return answer;
    const Hit nearest = Descend(query, entry, 0, bound);
    Beam beam(ef);
    answer.complete = Walk(query, nearest, 0, bound, beam, admitted, max_visits);
    answer.hits.reserve(beam.admitted());
    for (const Beam::Place& place : beam.places()) {
      if (place.admitted != 0) answer.hits.push_back({place.distance, place.slot});
    }
    return answer;
  }

  void CopyFrom(const HnswLinks& other) {
    const std::size_t size = other.size();
    std::memcpy(rows_.data(), other.rows_.data(), size * size_data_per_element_);
    for (std::size_t slot = 0; slot < size; ++slot) KeepScale(static_cast<Slot>(slot));
    for (std::size_t slot = 0; slot < other.linked(); ++slot) {
      if (other.upper_[slot] == nullptr) continue;
      linked_.store(slot + 1);  // what the destructor frees
      AllocateUpper(static_cast<Slot>(slot), other.levels_[slot]);
      std::memcpy(upper_[slot], other.upper_[slot], UpperBytes(levels_[slot]));
    }
    Publish(size, other.linked(), other.entry_.load());
  }

  void Save(std::size_t size, const std::function<void(const void*, std::size_t)>& write) const {
    const std::uint64_t head[] = {linked(), entry_.load()};
    write(head, sizeof(head));
    write(rows_.data(), size * size_data_per_element_);
    write(levels_.data(), linked());
    for (std::size_t slot = 0; slot < linked(); ++slot) {
      if (upper_[slot] != nullptr) write(upper_[slot], UpperBytes(levels_[slot]));
    }
  }

  // False when it is no graph.
  bool Load(std::size_t size, const std::function<bool(void*, std::size_t)>& read) {
    std::uint64_t head[2];
    if (!read(head, sizeof(head)) || head[0] > size) return false;
    const std::size_t linked = head[0];
    if (!read(rows_.data(), size * size_data_per_element_)) return false;
    std::vector<std::uint8_t> levels(linked);
    if (!read(levels.data(), linked)) return false;
    for (std::size_t slot = 0; slot < linked; ++slot) {
      if (levels[slot] > kMostLevel) return false;
      if (levels[slot] == 0) continue;
      linked_.store(slot + 1);  // what the destructor frees
      AllocateUpper(static_cast<Slot>(slot), levels[slot]);
      if (!read(upper_[slot], UpperBytes(levels[slot]))) return false;
    }
    linked_.store(linked);
    if (!LinksAreWhole(size, linked, head[1])) return false;
    for (std::size_t slot = 0; slot < size; ++slot) KeepScale(static_cast<Slot>(slot));
    Publish(size, linked, head[1]);
    return true;
  }

 private:
  static std::uint64_t Entry(Slot slot, int level) {
    return (static_cast<std::uint64_t>(level) + 1) << 32 | slot;
  }
  static int TopLevel(std::uint64_t entry) { return static_cast<int>(entry >> 32) - 1; }
  static Slot EntrySlot(std::uint64_t entry) { return static_cast<Slot>(entry); }

  // The paper's exponential distribution, of a number that is mixed from the slot's: the same
  // appends make the same graph.
  int LevelOf(Slot slot) const {
    std::uint64_t mixed = (static_cast<std::uint64_t>(slot) + 1) * 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    mixed ^= mixed >> 31;
    const double uniform = (static_cast<double>(mixed >> 11) + 1) * 0x1p-53;  // (0, 1]
    return std::min(kMostLevel, static_cast<int>(-std::log(uniform) * mult_));
  }

  std::size_t UpperBytes(int level) const {
    return static_cast<std::size_t>(level) * size_links_per_element_;
  }
  void AllocateUpper(Slot slot, int level) {
    void* links = std::calloc(1, UpperBytes(level));
    if (links == nullptr) throw std::bad_alloc();
    upper_[slot] = static_cast<char*>(links);
    levels_[slot] = static_cast<std::uint8_t>(level);
    upper_bytes_.fetch_add(UpperBytes(level) + kMallocHeaderBytes, std::memory_order_relaxed);
  }
  void KeepScale(Slot slot) {
    if (codec_.scaled()) scales_[slot] = RowCodec::HeaderOf(RowOf(slot)).scale;
  }
  void Publish(std::size_t size, std::size_t linked, std::uint64_t entry) {
    size_.store(size);
    linked_.store(linked);
    entry_.store(entry);
  }

  Slot* ListAt(Slot slot, int level) const {
    return level == 0 ? get_linklist0(slot) : get_linklist(slot, level);
  }
  std::size_t MostLinks(int level) const { return level == 0 ? maxM0_ : maxM_; }

  void PrefetchLinks(Slot slot) const {
    const char* line = data_level0_memory_ + slot * size_data_per_element_;
    for (std::size_t i = 0; i < size_links_level0_; i += kCacheLine) __builtin_prefetch(line + i);
  }

  // The greedy walk from the entry point through all layers above `bottom`.
  Hit Descend(const void* query, std::uint64_t entry, int bottom, std::size_t bound) const {
    Hit nearest{0, EntrySlot(entry)};
    nearest.distance = Distance(query, nearest.slot);
    for (int level = TopLevel(entry); level > bottom; --level) {
      for (bool moved = true; moved;) {
        moved = false;
        const Slot* list = ListAt(nearest.slot, level);
        const std::size_t count = std::min<std::size_t>(LoadWord(list), maxM_);
        for (std::size_t i = 1; i <= count; ++i) {
          const Slot slot = LoadWord(list + i);
          if (slot >= bound) continue;
          const Hit next{Distance(query, slot), slot};
          if (next.distance < nearest.distance) {
            nearest = next;
            moved = true;
          }
        }
      }
    }
    return nearest;
  }

  // Calls `meet(slot, distance)` for each neighbour of `from` that the walk has not seen.
  template <typename Meet>
  void VisitNeighbours(const void* query, Slot from, int level, std::size_t bound, Visited& visited,
                       Meet&& meet) const {
    const Slot* list = ListAt(from, level);
    const std::size_t count = std::min<std::size_t>(LoadWord(list), MostLinks(level));
    std::array<Slot, kUnseen> unseen;
    std::size_t n = 0;
    for (std::size_t i = 1; i <= count; ++i) {
      const Slot slot = LoadWord(list + i);
      if (slot >= bound || !visited.Mark(slot)) continue;
      Prefetch(slot);
      if (n < unseen.size()) {
        unseen[n++] = slot;
      } else {
        meet(slot, Distance(query, slot));
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      meet(unseen[i], Distance(query, unseen[i]));
    }
  }
  // Algorithm 2 in layer `level`. False when it ended at max_visits.
  bool Walk(const void* query, const Hit& start, int level, std::size_t bound, Beam& beam,
            const std::uint64_t* admitted = nullptr,
            std::size_t max_visits = static_cast<std::size_t>(-1)) const {
    // The entry point may be newer than the bound: a step, but no result.
    VisitedPool::Lease visited(visited_, std::max<std::size_t>(bound, start.slot + 1));
    const auto is_admitted = [&](Slot slot) {
      if (admitted == nullptr) return true;
      auto& word = const_cast<std::uint64_t&>(admitted[slot / 64]);
      return (std::atomic_ref<std::uint64_t>(word).load(std::memory_order_relaxed) >> (slot % 64) &
              1) != 0;
    };
    std::size_t visits = 1;
    (*visited).Mark(start.slot);
    beam.Offer(start.distance, start.slot, start.slot < bound && is_admitted(start.slot));
    while (const auto from = beam.Next()) {
      if (visits > max_visits) return false;
      VisitNeighbours(query, *from, level, bound, *visited, [&](Slot slot, float distance) {
        ++visits;
        if (beam.IsTooFar(distance)) return;
        beam.Offer(distance, slot, is_admitted(slot));
        PrefetchLinks(slot);
      });
    }
    return true;
  }

  // Algorithm 4, then the new links of both ends. The lists of others change one word at a time.
  void Connect(Slot slot, int level, const Beam& beam) {
    Nearest nearest;
    for (const Beam::Place& place : beam.places()) nearest.emplace(place.distance, place.slot);
    getNeighborsByHeuristic2(nearest, M_);
    Slot* own = ListAt(slot, level);
    std::size_t count = 0;
    std::vector<std::pair<float, Slot>> chosen;
    chosen.reserve(nearest.size());
    for (; !nearest.empty(); nearest.pop()) chosen.push_back(nearest.top());
    for (auto it = chosen.rbegin(); it != chosen.rend(); ++it) StoreWord(own + ++count, it->second);
    StoreWord(own, static_cast<std::uint32_t>(count));
    for (const auto& [distance, other] : chosen) LinkBack(other, slot, distance, level);
  }

  void LinkBack(Slot from, Slot to, float distance, int level) {
    Slot* list = ListAt(from, level);
    const std::size_t count = LoadWord(list);
    if (count < MostLinks(level)) {
      StoreWord(list + count + 1, to);
      StoreWord(list, static_cast<std::uint32_t>(count + 1));
      return;
    }
    Nearest nearest;
    nearest.emplace(distance, to);
    const void* row = RowOf(from);
    for (std::size_t i = 1; i <= count; ++i) Prefetch(list[i]);
    for (std::size_t i = 1; i <= count; ++i) nearest.emplace(Distance(row, list[i]), list[i]);
    getNeighborsByHeuristic2(nearest, MostLinks(level));
    std::size_t kept = 0;
    for (; !nearest.empty(); nearest.pop()) StoreWord(list + ++kept, nearest.top().second);
    StoreWord(list, static_cast<std::uint32_t>(kept));
  }

  // Whether every list has a length that it can have and leads to slots of its layer that are
  // linked, or the next to be.
  bool LinksAreWhole(std::size_t size, std::size_t linked, std::uint64_t entry) const {
    const int top = TopLevel(entry);
    if (linked == 0) return top < 0;
    if (top < 0 || top > kMostLevel || EntrySlot(entry) >= linked) return false;
    if (levels_[EntrySlot(entry)] != top) return false;
    // LinkNext() may have been refused memory on its way.
    const std::size_t known = std::min(linked + 1, size);
    const auto level_of = [&](Slot slot) { return slot < linked ? levels_[slot] : LevelOf(slot); };
    for (std::size_t slot = 0; slot < linked; ++slot) {
      if (levels_[slot] > top) return false;
      for (int level = 0; level <= levels_[slot]; ++level) {
        const Slot* list = ListAt(static_cast<Slot>(slot), level);
        if (list[0] > MostLinks(level)) return false;
        for (std::size_t i = 1; i <= MostLinks(level); ++i) {
          // Words behind the last link were links once.
          if (list[i] >= known || (i <= list[0] && level_of(list[i]) < level)) return false;
        }
      }
    }
    return true;
  }

  const RowCodec& codec_;
  LazyArray<char> rows_;
  LazyArray<char*> upper_;          // by slot: the lists of the layers above 0; null without any
  LazyArray<std::uint8_t> levels_;  // by slot: the highest layer
  LazyArray<float> scales_;         // by slot, where the codec is scaled()
  std::size_t fetched_lines_ = 0;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::size_t> linked_{0};
  std::atomic<std::uint64_t> entry_{0};  // 0: none; see Entry()
  std::atomic<std::size_t> upper_bytes_{0};
  mutable VisitedPool visited_;
};
}  // namespace larder
