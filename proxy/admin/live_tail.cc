#include "proxy/admin/live_tail.h"

#include <algorithm>

#include "base/decimal.h"
#include "proxy/admin/request_text.h"

namespace larder {

class LiveTail::Stream final : public BodySource {
 public:
  Stream(LiveTail& tail, const EventFilter& filter, std::size_t recent,
         std::optional<std::uint64_t> last_seen)
      : tail_(tail), filter_(filter), recent_(recent), resumed_(last_seen.has_value()) {
    if (last_seen) after_ = *last_seen;
    MutexLock lock(tail_.mutex_);
    tail_.streams_.insert(this);
  }
  ~Stream() override {
    MutexLock lock(tail_.mutex_);
    tail_.streams_.erase(this);
    --tail_.open_;
  }

  ReadState TryRead(std::size_t max_bytes, std::string& out) override {
    MutexLock lock(mutex_);
    if (position_ == pending_.size()) {
      if (tail_.closed_) return ReadState::kEnd;
      pending_.clear();
      position_ = 0;
      Gather();
    }
    const std::size_t size = std::min(max_bytes, pending_.size() - position_);
    waiting_ = size == 0;
    if (size == 0) return ReadState::kWait;
    out.append(pending_, position_, size);
    position_ += size;
    return ReadState::kData;
  }

  void SetWaker(std::function<void()> waker) override {
    MutexLock lock(mutex_);
    waker_ = std::move(waker);
  }

  Error error() const override { return InternalError("a live tail does not break off"); }

  void WakeIfDue() {
    MutexLock lock(mutex_);
    if (!waiting_ || !waker_) return;
    const MonoTime now = tail_.clock_.Monotonic();
    const bool has_news = now >= next_read_ && tail_.shards_.next_seq() > after_ + 1;
    if (!has_news && now < heartbeat_ && !tail_.closed_) return;
    waiting_ = false;
    waker_();
  }

 private:
  // Puts what is to be sent now into pending_.
  void Gather() LARDER_REQUIRES(mutex_) {
    const MonoTime now = tail_.clock_.Monotonic();
    if (now >= next_read_) {
      Read();
      next_read_ = now + kPause;
    }
    if (pending_.empty() && now >= heartbeat_) pending_ = ":\n\n";
    if (!pending_.empty()) heartbeat_ = now + kHeartbeat;
  }

  void Read() LARDER_REQUIRES(mutex_) {
    const std::uint64_t before = tail_.shards_.next_seq();
    // A number that has not been given yet is of an earlier process.
    if (after_ >= before) {
      after_ = 0;
      resumed_ = false;
    }
    const bool first = std::exchange(is_first_, false);
    if (before <= after_ + 1 && !first) return;
    const std::size_t most = first && !resumed_ ? recent_
                             : first            ? RecentRequests::kSlots
                                                : kMostAtOnce;
    std::vector<RecentRequest> found;
    const std::size_t present = tail_.shards_.CopyRecent(after_, before, filter_, most + 1, found);
    std::uint64_t dropped = before - after_ - 1 - present;
    if (found.size() > most) {
      found.erase(found.begin());
      // None of those before the first that is sent; they are not looked at again, for by now
      // others stand in their place.
      dropped = (found.empty() ? before : found.front().seq) - after_ - 1;
    }
    // Who asks for the last few does not miss those before them.
    if (dropped > 0 && (!first || resumed_)) {
      pending_ += "event: dropped\ndata: {\"count\":";
      AppendNumber(static_cast<std::int64_t>(dropped), pending_);
      pending_ += "}\n\n";
    }
    TextBuffer json;
    for (const RecentRequest& request : found) {
      json.Clear();
      AppendRequestJson({request.seq, request.record, request.cost}, json);
      pending_ += "id: ";
      AppendNumber(static_cast<std::int64_t>(request.seq), pending_);
      pending_ += "\nevent: request\ndata: ";
      pending_ += json.view();
      pending_ += "\n\n";
    }
    after_ = before - 1;
  }

  LiveTail& tail_;
  const EventFilter filter_;
  const std::size_t recent_;
  Mutex mutex_;
  bool resumed_ LARDER_GUARDED_BY(mutex_);
  bool is_first_ LARDER_GUARDED_BY(mutex_) = true;
  std::uint64_t after_ LARDER_GUARDED_BY(mutex_) = 0;  // the last request that was looked at
  MonoTime next_read_ LARDER_GUARDED_BY(mutex_){};
  MonoTime heartbeat_ LARDER_GUARDED_BY(mutex_){};
  std::string pending_ LARDER_GUARDED_BY(mutex_);
  std::size_t position_ LARDER_GUARDED_BY(mutex_) = 0;
  bool waiting_ LARDER_GUARDED_BY(mutex_) = false;
  std::function<void()> waker_ LARDER_GUARDED_BY(mutex_);
};

std::shared_ptr<BodySource> LiveTail::Open(const EventFilter& filter, std::size_t recent,
                                           std::optional<std::uint64_t> last_seen) {
  if (open_.fetch_add(1) >= max_streams_) {
    --open_;
    return nullptr;
  }
  return std::make_shared<Stream>(*this, filter, recent, last_seen);
}

void LiveTail::Tick() {
  if (open_.load(std::memory_order_relaxed) == 0) return;
  MutexLock lock(mutex_);
  for (Stream* stream : streams_) stream->WakeIfDue();
}

void LiveTail::Close() {
  closed_ = true;
  Tick();
}

}  // namespace larder
