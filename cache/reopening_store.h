// ReopeningStore: a database that is closed and opened again by itself when it fails, while others
// go on using it. Until it is back, what can still be read is read, and every write is refused.
//
// Whoever is in a call when the database fails gets out of it first: a scan ends with kIo at its
// next pair. Then the old database is closed and another attempt is made, at growing intervals.
// Thread-safety: every method from any thread, but Start and Stop from one.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "cache/store.h"
#include "cache/store_health.h"

namespace larder {

struct ReopeningStoreOptions {
  std::chrono::milliseconds first_retry{200};  // after a failure; doubled after each attempt
  std::chrono::milliseconds longest_retry{2000};
  std::chrono::milliseconds look_interval{500};  // how often its condition is asked for
};

class ReopeningStore final : public Store {
 public:
  using Options = ReopeningStoreOptions;

  enum class Condition { kFine, kNoRoom, kFailed };  // as RocksDbStore's
  struct Opened {
    std::unique_ptr<Store> store;  // never null
    // kOk, or why it can only be read, or not be used at all.
    StoreState state = StoreState::kOk;
    std::string message;
    bool retry = false;  // another attempt may do better
    // Of the store; empty: always fine.
    std::function<std::pair<Condition, std::string>()> condition;
  };
  // Opens the database; `after` is why the one before was closed, empty at the first time. Called
  // by the constructor, then by the store's own thread, while none is open but one for reading.
  using Open = std::function<Opened(const std::string& after)>;
  // Told of every change of state, on the store's own thread.
  using Observer = std::function<void(const StoreHealth& now)>;

  // Opens it. `name` begins sentences: "the cache database".
  ReopeningStore(std::string name, Open open, Options options = {});
  // As Stop.
  ~ReopeningStore() override;

  // From now on it looks after itself.
  void Start(Observer observer);
  // Ends that; the store stays as it is. Further calls do nothing.
  void Stop();

  StoreHealth health() const;

  Result<std::vector<std::optional<std::string>>> MultiGet(
      Family family, std::span<const std::string_view> keys) const override;
  std::optional<std::vector<std::optional<std::string>>> TryMultiGet(
      Family family, std::span<const std::string_view> keys) const override;
  Status Apply(const WriteBatch& batch) override;
  Status ApplyTogether(std::span<const WriteBatch* const> batches) override;
  Status Clear(Family family) override;
  Status ForEach(
      Family family, std::string_view start,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override;
  Size SizeOf(Family family) const override;
  double Density(Family family) const override;
  Status Compact(Family family, std::string_view begin, std::string_view end,
                 Rewrite what) override;
  Status Flush() override;
  Status Sync() override;
  Status RemoveObsolete() override;

 private:
  struct Held {
    explicit Held(Opened o) : opened(std::move(o)) {}
    const Opened opened;
    std::atomic<bool> leaving{false};
  };
  // Shared by this object and by the calls under way.
  using HeldPointer = std::shared_ptr<Held>;

  HeldPointer Current() const;
  Error Unavailable() const;
  template <typename Call>
  Status Write(Call call);
  void Run();
  void Look();
  void Reopen();
  bool Leave(HeldPointer held);  // false: told to stop first
  bool StoppedWaiting(std::chrono::milliseconds time);
  void Tell(StoreState state, std::string message);

  const std::string name_;
  const Open open_;
  const Options options_;
  Observer observer_;
  mutable Mutex mutex_;
  CondVar changed_;
  HeldPointer current_ LARDER_GUARDED_BY(mutex_);  // null: between two
  StoreHealth health_ LARDER_GUARDED_BY(mutex_);
  bool write_failed_ LARDER_GUARDED_BY(mutex_) = false;  // since the last look
  bool stopping_ LARDER_GUARDED_BY(mutex_) = false;
  // Of the thread.
  bool retry_ = false;
  bool no_room_ = false;
  std::string after_;    // why there is another attempt to make
  HeldPointer leaving_;  // that is to be closed
  std::chrono::milliseconds wait_;
  std::thread thread_;
};

}  // namespace larder
