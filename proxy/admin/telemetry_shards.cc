#include "proxy/admin/telemetry_shards.h"

#include <algorithm>
#include <thread>

#include "base/thread_slot.h"

namespace larder {
namespace {

constexpr std::size_t kMostShards = 64;

}  // namespace

TelemetryShards::TelemetryShards(const PriceTable& prices, bool count, Log* log,
                                 std::function<void()> many_lines)
    : log_(log), many_lines_(std::move(many_lines)) {
  const std::size_t shards =
      std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostShards);
  for (std::size_t i = 0; i < shards; ++i) {
    shards_.push_back(std::make_unique<TelemetryShard>(
        TelemetryShard::Parts{routes_, prices, next_seq_, lines_, count, log}));
  }
}

void TelemetryShards::Record(const RequestRecord& record) {
  const bool many = shards_[ThreadSlot() % shards_.size()]->Record(record);
  if (many && many_lines_) many_lines_();
}

void TelemetryShards::Collect(const std::function<void(const TelemetryShard::Taken&)>& merge) {
  for (const auto& shard : shards_) merge(shard->Take());
}

void TelemetryShards::WriteLines() {
  if (log_ == nullptr) return;
  std::uint64_t dropped = 0;
  MutexLock lock(write_mutex_);
  for (const auto& shard : shards_) {
    spare_.Clear();
    dropped += shard->TakeLines(spare_);
    if (spare_.size() > 0) log_->WriteLines(spare_.view());
  }
  if (dropped > 0) {
    log_->Warning("lines of the access log were dropped: they came faster than they were written",
                  {{"lines", dropped}});
  }
}

std::size_t TelemetryShards::CopyRecent(std::uint64_t after, std::uint64_t before,
                                        const EventFilter& filter, std::size_t most,
                                        std::vector<RecentRequest>& out) const {
  out.clear();
  std::size_t in_range = 0;
  for (const auto& shard : shards_) {
    in_range += shard->CopyRecent(after, before, filter, most, out);
  }
  std::ranges::sort(out, {}, &RecentRequest::seq);
  if (out.size() > most) out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(most));
  return in_range;
}

}  // namespace larder
