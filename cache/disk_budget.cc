#include "cache/disk_budget.h"

#include <algorithm>
#include <cstring>

namespace larder {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kScanAtOnce = 8192;   // entries between two pauses of a scan
constexpr std::size_t kDeleteAtOnce = 256;  // entries of one write
constexpr milliseconds kScanPause{1};
constexpr milliseconds kDeletePause{2};
constexpr std::uint64_t kPieceBytes = 128U << 20;  // of the database, rewritten at a time
constexpr std::uint64_t kMostPieces = 4096;
constexpr std::size_t kVectorOverhead = 110;  // key and headers of an embedding's own record
constexpr int kRounds = 3;                    // of evicting: sizes are estimates

Error Cancelled() {
  return StoreError(ErrorCode::kCancelled, "ended early: the server is stopping");
}

CacheKey KeyFrom(std::string_view bytes) {
  CacheKey key{};
  std::memcpy(key.data(), bytes.data(), std::min(key.size(), bytes.size()));
  return key;
}

// The smallest key behind `key`.
std::string After(std::string_view key) {
  return std::string(key) + '\0';
}

// Where the piece `number` of `count` begins; keys are hashes, so that pieces are of one size.
std::string PieceBegin(std::uint64_t number, std::uint64_t count) {
  if (number == 0 || number == count) return {};
  const std::uint64_t prefix = 65536 * number / count;
  return {static_cast<char>(prefix >> 8), static_cast<char>(prefix & 0xff)};
}

// One that waits as long as what was done before took, so that half of the disk's time is left.
class FairPause {
 public:
  FairPause(const Clock& clock, const DiskBudget::Pause& pause) : clock_(clock), pause_(pause) {}
  bool Take() {
    const auto took = std::chrono::duration_cast<milliseconds>(clock_.Monotonic() - since_);
    const bool goes_on = pause_(std::min(took, milliseconds{5000}));
    since_ = clock_.Monotonic();
    return goes_on;
  }

 private:
  const Clock& clock_;
  const DiskBudget::Pause& pause_;
  MonoTime since_ = clock_.Monotonic();
};

}  // namespace

DiskBudget::DiskBudget(Store& disk, EmbeddingCache& embeddings, ResponseCache& responses,
                       const Clock& clock, FreeBytes free_bytes, Options options)
    : disk_(disk),
      embeddings_(embeddings),
      responses_(responses),
      clock_(clock),
      free_bytes_(std::move(free_bytes)),
      options_(options),
      max_bytes_(options.max_bytes) {}

std::uint64_t DiskBudget::UsedBytes() const {
  std::uint64_t sum = 0;
  for (const Family family : kCacheFamilies) sum += disk_.SizeOf(family).bytes;
  return sum;
}

DiskUse DiskBudget::Use() const {
  return Judge({.used_bytes = UsedBytes(),
                .limit_bytes = max_bytes_,
                .min_free_bytes = options_.min_free_bytes,
                .evicted_entries = evicted_entries_,
                .evicted_bytes = evicted_bytes_},
               free_bytes_());
}

bool DiskBudget::HasExpired(const RecordStamp& stamp, WallTime now) const {
  return now - options_.keep_past_lifetime - stamp.lifetime > stamp.stored_at;
}

bool DiskBudget::IsHot(const Item& item) const {
  return item.layer == Family::kEmbeddings ? embeddings_.IsHot(item.key)
                                           : responses_.IsHot(item.key);
}

Status DiskBudget::ForEachEntry(const Pause& pause,
                                const std::function<Status(const Item&)>& visit) {
  const double vectors = disk_.Density(Family::kEmbeddings);
  for (const Family family : {Family::kInputs, Family::kResponses}) {
    const double density = disk_.Density(family);
    std::string next;
    for (bool more = true; more;) {
      // No reader of the database is held open over a pause or a write.
      std::vector<Item> items;
      LARDER_RETURN_IF_ERROR(
          disk_.ForEach(family, next, [&](std::string_view key, std::string_view value) {
            next = After(key);
            const auto stamp = PeekStamp(value);
            if (!stamp) return true;
            double bytes = static_cast<double>(key.size() + value.size()) * density;
            if (family == Family::kInputs) {
              const auto input = DecodeInput(value);
              const std::size_t dim = input.ok() ? input->record.dim : 0;
              bytes += static_cast<double>(kVectorOverhead + dim * sizeof(float)) * vectors;
            }
            items.push_back({KeyFrom(key), family == Family::kInputs ? Family::kEmbeddings : family,
                             *stamp, static_cast<std::uint64_t>(bytes)});
            return items.size() < kScanAtOnce;
          }));
      for (const Item& item : items) LARDER_RETURN_IF_ERROR(visit(item));
      more = items.size() == kScanAtOnce;
      if (!pause(kScanPause)) return Cancelled();
    }
  }
  return {};
}

Result<DiskBudget::Count> DiskBudget::CountAges(bool spare_hot, const Pause& pause) {
  Count count;
  const WallTime now = clock_.Now();
  LARDER_RETURN_IF_ERROR(ForEachEntry(pause, [&](const Item& item) -> Status {
    if (HasExpired(item.stamp, now)) {
      ++count.expired;
      count.expired_bytes += item.bytes;
      return {};
    }
    count.live_bytes += item.bytes;
    if (!spare_hot || !IsHot(item)) count.ages.Add(item.stamp.stored_at, item.bytes);
    return {};
  }));
  return count;
}

Status DiskBudget::DeleteSome(Family layer, std::vector<CacheKey>& keys, const Pause& pause) {
  if (keys.empty()) return {};
  LARDER_RETURN_IF_ERROR(layer == Family::kEmbeddings ? embeddings_.Erase(keys)
                                                      : responses_.Evict(keys));
  evicted_entries_ += keys.size();
  if (observer_) {
    for (const CacheKey& key : keys) observer_(key, layer);
  }
  keys.clear();
  return pause(kDeletePause) ? Status() : Cancelled();
}

Status DiskBudget::DeleteOldest(const AgeHistogram::Oldest& oldest, bool spare_hot,
                                const Pause& pause, Freed& freed) {
  std::uint64_t rest = oldest.rest_bytes;
  Family layer = Family::kEmbeddings;
  std::vector<CacheKey> keys;
  LARDER_RETURN_IF_ERROR(ForEachEntry(pause, [&](const Item& item) -> Status {
    const WallTime stored_at = item.stamp.stored_at;
    if (stored_at >= oldest.all_before) {
      if (stored_at >= oldest.some_before || rest == 0) return {};
    }
    if (spare_hot && IsHot(item)) return {};
    if (stored_at >= oldest.all_before) rest -= std::min(rest, item.bytes);
    if (item.layer != layer || keys.size() == kDeleteAtOnce) {
      LARDER_RETURN_IF_ERROR(DeleteSome(layer, keys, pause));
    }
    layer = item.layer;
    keys.push_back(item.key);
    ++freed.entries;
    freed.bytes += item.bytes;
    evicted_bytes_ += item.bytes;
    return {};
  }));
  LARDER_RETURN_IF_ERROR(DeleteSome(layer, keys, pause));
  return DeleteIdsBefore(oldest.all_before, pause);
}

// An answer and its id have one stamp. An id that stays behind finds nothing, and expires.
Status DiskBudget::DeleteIdsBefore(WallTime moment, const Pause& pause) {
  std::string next;
  for (bool more = true; more;) {
    WriteBatch batch;
    std::size_t seen = 0;
    LARDER_RETURN_IF_ERROR(disk_.ForEach(
        Family::kResponseIds, next, [&](std::string_view key, std::string_view value) {
          next = After(key);
          const auto stamp = PeekStamp(value);
          if (stamp && stamp->stored_at < moment) batch.Delete(Family::kResponseIds, key);
          return ++seen < kScanAtOnce && batch.operations().size() < kDeleteAtOnce;
        }));
    more = seen == kScanAtOnce || batch.operations().size() == kDeleteAtOnce;
    if (!batch.empty()) LARDER_RETURN_IF_ERROR(disk_.Apply(batch));
    if (!pause(kDeletePause)) return Cancelled();
  }
  return {};
}

Result<DiskBudget::Freed> DiskBudget::Rewrite(Store::Rewrite what, const Pause& pause) {
  Freed freed;
  freed.before_bytes = UsedBytes();
  FairPause fair(clock_, pause);
  for (const Family family : kCacheFamilies) {
    const std::uint64_t pieces =
        std::clamp<std::uint64_t>(disk_.SizeOf(family).bytes / kPieceBytes, 1, kMostPieces);
    for (std::uint64_t i = 0; i < pieces; ++i) {
      LARDER_RETURN_IF_ERROR(
          disk_.Compact(family, PieceBegin(i, pieces), PieceBegin(i + 1, pieces), what));
      if (!fair.Take()) return Cancelled();
    }
  }
  freed.after_bytes = UsedBytes();
  return freed;
}

Result<DiskBudget::Freed> DiskBudget::DropExpired(double least_share, const Pause& pause) {
  Freed freed;
  freed.before_bytes = freed.after_bytes = UsedBytes();
  LARDER_ASSIGN_OR_RETURN(const Count count, CountAges(false, pause));
  if (count.expired == 0 || static_cast<double>(count.expired_bytes) <
                                least_share * static_cast<double>(freed.before_bytes)) {
    return freed;
  }
  LARDER_ASSIGN_OR_RETURN(freed, Rewrite(Store::Rewrite::kAll, pause));
  freed.expired = count.expired;
  return freed;
}

Result<DiskBudget::Freed> DiskBudget::Evict(const Pause& pause) {
  Freed freed;
  freed.before_bytes = freed.after_bytes = UsedBytes();
  for (int round = 0; round < kRounds; ++round) {
    if (ExcessOf(Use()) == 0) return freed;
    // What only stands in memory counts as it would on disk.
    LARDER_RETURN_IF_ERROR(disk_.Flush());
    const DiskUse use = Use();
    const std::uint64_t excess = ExcessOf(use);
    if (excess == 0) return freed;
    const std::uint64_t target = use.used_bytes - excess;
    bool spare_hot = true;
    LARDER_ASSIGN_OR_RETURN(Count count, CountAges(spare_hot, pause));
    freed.expired += count.expired;
    // What is not live goes by rewriting alone. When that has been done, and is not enough, live
    // entries take more than was thought: all that there is.
    const std::uint64_t live =
        round == 0 ? std::min(count.live_bytes, use.used_bytes) : use.used_bytes;
    const double share = live == 0 ? 1 : static_cast<double>(target) / static_cast<double>(live);
    if (share < 1) {
      const auto to_evict =
          static_cast<std::uint64_t>(static_cast<double>(count.live_bytes) * (1 - share));
      if (to_evict > count.ages.bytes()) {
        spare_hot = false;
        LARDER_ASSIGN_OR_RETURN(count, CountAges(spare_hot, pause));
      }
      LARDER_RETURN_IF_ERROR(DeleteOldest(count.ages.OldestOf(to_evict), spare_hot, pause, freed));
    }
    // Files without anything deleted are left alone, unless what has expired counts.
    const bool all = round > 0 || count.expired_bytes > excess / 10;
    LARDER_ASSIGN_OR_RETURN(const Freed rewritten,
                            Rewrite(all ? Store::Rewrite::kAll : Store::Rewrite::kDeleted, pause));
    freed.after_bytes = rewritten.after_bytes;
  }
  return freed;
}

}  // namespace larder
