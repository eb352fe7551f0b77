// OffLoopStore: a Store for callers on an event loop, which must not wait for a disk. Over any
// other Store.
//
// Writes are taken into a bounded queue that one thread empties, a millisecond's worth at a time
// while they keep coming (at once otherwise, and where somebody waits) and in order. A caller on a
// fiber (base/fiber.h) does not wait for what it puts, as long as the last write succeeded; before
// the first one, and once one has failed, each caller waits and is told what became of its own. A
// caller on a thread of its own always waits, and so does who deletes. What stands in the queue
// when the process dies is lost: at most what came within a few milliseconds. Reads on a fiber are
// done at once where the data is in memory, else on another thread while the fiber waits.
// Thread-safe.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <thread>

#include "base/mutex.h"
#include "cache/store.h"

namespace larder {

struct OffLoopStoreOptions {
  std::size_t max_queued_bytes = 64U << 20;  // of writes; a further one waits for room
};

class OffLoopStore final : public Store {
 public:
  using Options = OffLoopStoreOptions;

  // `inner` outlives it.
  explicit OffLoopStore(Store& inner, Options options = {});
  // Writes what is queued.
  ~OffLoopStore() override;

  Result<std::vector<std::optional<std::string>>> MultiGet(
      Family family, std::span<const std::string_view> keys) const override;
  std::optional<std::vector<std::optional<std::string>>> TryMultiGet(
      Family family, std::span<const std::string_view> keys) const override {
    return inner_.TryMultiGet(family, keys);
  }
  Status Apply(const WriteBatch& batch) override { return ApplyOwned(batch); }
  Status ApplyOwned(WriteBatch batch) override;
  // Behind everything that was applied before. Not on a fiber.
  Status Clear(Family family) override;
  // As of a moment when everything that was applied before is there.
  Status ForEach(Family family, std::string_view start,
                 const std::function<bool(std::string_view key, std::string_view value)>& visit)
      const override;
  Size SizeOf(Family family) const override { return inner_.SizeOf(family); }
  Status Flush() override;
  Status Sync() override;

  // The inner store is known to refuse: the next caller waits and is told, as after a failed write.
  void Distrust() { succeeding_.store(false, std::memory_order_relaxed); }
  // Writes that failed after their callers had gone on, so that nobody but this was told.
  std::uint64_t failed_unseen() const { return failed_unseen_.load(std::memory_order_relaxed); }
  // Bytes that wait to be written.
  std::size_t queued_bytes() const;

 private:
  // A write under way; shared by the queue and who waits for it.
  struct Write {
    WriteBatch batch;
    std::size_t bytes = 0;
    bool awaited = false;
    bool seen = false;  // its caller waits for the outcome
    std::optional<Status> outcome;
  };
  struct Read;

  void RunWriter();
  void RunReader();
  void WriteAll(std::vector<std::shared_ptr<Write>> writes);
  void WaitUntilWritten() const;

  Store& inner_;
  const Options options_;
  std::atomic<bool> succeeding_{false};
  std::atomic<std::uint64_t> failed_unseen_{0};
  mutable Mutex mutex_;
  mutable CondVar to_write_;
  mutable CondVar to_read_;
  mutable CondVar done_;
  std::deque<std::shared_ptr<Write>> writes_ LARDER_GUARDED_BY(mutex_);
  std::size_t queued_bytes_ LARDER_GUARDED_BY(mutex_) = 0;
  bool writer_idle_ LARDER_GUARDED_BY(mutex_) = false;
  mutable std::size_t awaited_ LARDER_GUARDED_BY(mutex_) =
      0;                                               // of writes_: those that somebody waits for
  std::uint64_t taken_ LARDER_GUARDED_BY(mutex_) = 0;  // writes that were queued so far,
  std::uint64_t finished_ LARDER_GUARDED_BY(mutex_) = 0;  // and of these, in order, written
  mutable std::deque<Read*> reads_ LARDER_GUARDED_BY(mutex_);
  bool stopping_ LARDER_GUARDED_BY(mutex_) = false;
  std::thread writer_;
  std::vector<std::thread> readers_;
};

}  // namespace larder
