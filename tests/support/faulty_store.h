// A Store that hands everything on to another and fails on demand with kIo, as a disk does. A write
// that fails changed nothing. Thread-safe; the switches may be turned while others call.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "cache/store.h"

namespace larder {

class FaultyStore final : public Store {
 public:
  // `inner` outlives the object.
  explicit FaultyStore(Store& inner) : inner_(&inner) {}
  // Another one from now on. Before others call.
  void SetInner(Store& inner) { inner_ = &inner; }

  // From now on MultiGet and ForEach fail.
  void FailReads(bool fail) { fail_reads_ = fail; }
  // From now on Apply, Clear and Flush fail.
  void FailWrites(bool fail) { fail_writes_ = fail; }
  // From now on Sync fails.
  void FailSyncs(bool fail) { fail_syncs_ = fail; }
  // From now on Apply takes effect and fails all the same, as a sync does whose bytes are there.
  void FailBehindWrites(bool fail) { fail_behind_writes_ = fail; }
  // Called at the end of every MultiGet that succeeded, before it returns: the moment at which a
  // race with another thread would strike. Set before others call.
  void OnRead(std::function<void()> hook) { on_read_ = std::move(hook); }

  // Called at the start of every Apply, before it takes effect: likewise.
  void OnWrite(std::function<void()> hook) { on_write_ = std::move(hook); }

  // Calls of MultiGet, of Apply and of Sync so far, failed ones included.
  std::uint64_t reads() const { return reads_; }
  std::uint64_t writes() const { return writes_; }
  std::uint64_t syncs() const { return syncs_; }

  Result<std::vector<std::optional<std::string>>> MultiGet(
      Family family, std::span<const std::string_view> keys) const override;
  Status Apply(const WriteBatch& batch) override;
  Status Clear(Family family) override;
  Status ForEach(
      Family family, std::string_view start,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override;
  Size SizeOf(Family family) const override { return inner_->SizeOf(family); }
  Status Flush() override;
  Status Sync() override;

 private:
  Store* inner_;
  std::atomic<bool> fail_reads_{false};
  std::atomic<bool> fail_writes_{false};
  std::atomic<bool> fail_syncs_{false};
  std::atomic<bool> fail_behind_writes_{false};
  std::function<void()> on_read_;
  std::function<void()> on_write_;
  mutable std::atomic<std::uint64_t> reads_{0};
  std::atomic<std::uint64_t> writes_{0};
  std::atomic<std::uint64_t> syncs_{0};
};

}  // namespace larder
