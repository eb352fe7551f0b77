// Limiter: what every caller has used, and whether a request of theirs is admitted. A caller is a
// key of Larder's own, or the partition of another credential. Callers that nothing limits have no
// account, and cost a look at a flag.
//
// Accounts of keys stay; of other credentials, which anybody can make up, there are at most
// max_callers: beyond, the ones that used least are forgotten first, so that a flood of invented
// credentials does not free one that has used up its limit.
//
// Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "cache/key.h"
#include "cache/store.h"
#include "proxy/access/caller_account.h"
#include "proxy/admin/price_table.h"

namespace larder {

class Meter;

struct LimiterOptions {
  std::vector<LimitRule> rules;      // those of the configuration; all that match a caller count
  std::size_t max_callers = 50'000;  // without a key of Larder's own
};

class Limiter {
 public:
  // `clock` and `prices` outlive it.
  Limiter(const Clock& clock, const PriceTable& prices, LimiterOptions options);

  // Counts a request of `path` (below /v1, without query), for the key or, without one, for the
  // partition. Admitted, `meter` takes what it costs; it is null when nothing limits the caller.
  struct Begun {
    Admission admission;
    std::shared_ptr<Meter> meter;  // shared by the request, and by renewals that it set off
  };
  Begun Begin(const std::shared_ptr<const ClientKey>& key, const Partition& partition,
              std::string_view path);

  // The caller's account; null when nothing limits it.
  std::shared_ptr<CallerAccount> AccountOf(const std::shared_ptr<const ClientKey>& key,
                                           const Partition& partition) {
    const bool limited = has_rules_.load(std::memory_order_relaxed) ||
                         (key != nullptr && (!key->limits.empty() || key->budget.any()));
    return limited ? FindOrMake(key, partition) : nullptr;
  }
  // As Begin, of an account that is at hand; `state`, unless null, is where it stands then.
  Admission Admit(const std::shared_ptr<CallerAccount>& account, std::string_view path,
                  RateState* state);
  void Charge(const std::shared_ptr<CallerAccount>& account, std::string_view path,
              std::string_view model, std::int64_t tokens, std::int64_t completion);

  // A request was refused: whoever answers it says so, once.
  void CountRefusal(LimitKind kind);

  // Other rules from now on; what was counted for those that stay, stays.
  void SetRules(std::vector<LimitRule> rules);
  // The key is no more: neither is what it used.
  void Forget(const ClientKey& key);

  // Reads what was saved, before the first request: Family::kCounters. What no `is_key` knows, and
  // what is too old to count, is left out and deleted by the next Collect. Returns how many records
  // could not be read. Errors: kIo, kCorruption.
  Result<std::size_t> Load(const Store& store,
                           const std::function<bool(const std::string& key_id)>& is_key);
  // Adds what has changed since the last Collect. When it could not be written: CollectAllNext.
  void Collect(WriteBatch& batch);
  void CollectAllNext() { all_next_ = true; }

  const PriceTable& prices() const { return prices_; }
  const Clock& clock() const { return clock_; }
  // Requests refused so far, by LimitKind.
  std::array<std::uint64_t, kLimitNames.size()> refused() const;
  std::size_t callers() const;  // that have an account

 private:
  static constexpr std::size_t kShards = 16;
  struct Held {
    std::shared_ptr<CallerAccount> account;  // shared with the requests under way
    std::shared_ptr<const ClientKey> key;    // that it was made for; null without one
    std::uint64_t epoch = 0;                 // of the rules that it was made for
    bool empty = false;                      // nothing limits it any more
  };
  struct IdHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view id) const { return std::hash<std::string_view>()(id); }
  };
  struct Saved {
    std::string counted;
    WallTime at;
  };
  struct alignas(64) Shard {
    mutable Mutex mutex;
    std::unordered_map<std::string, Held, IdHash, std::equal_to<>> callers LARDER_GUARDED_BY(mutex);
    std::unordered_map<std::string, Saved> saved LARDER_GUARDED_BY(mutex);  // not asked for yet
    std::size_t without_key LARDER_GUARDED_BY(mutex) = 0;
  };

  std::shared_ptr<CallerAccount> FindOrMake(const std::shared_ptr<const ClientKey>& key,
                                            const Partition& partition);
  Shard& ShardOf(std::string_view id) const;
  std::vector<LimitRule> RulesFor(std::string_view id, const ClientKey* key) const;
  void MakeRoom(Shard& shard, const Moment& now) LARDER_REQUIRES(shard.mutex);
  void NoteChanged(const std::shared_ptr<CallerAccount>& account);
  void NoteGone(std::string record_key);
  void Sweep(const Moment& now);
  bool IsHeld(const CallerAccount& account) const;

  const Clock& clock_;
  const PriceTable& prices_;
  const std::size_t max_callers_;

  mutable SharedMutex rules_mutex_;
  std::vector<LimitRule> rules_ LARDER_GUARDED_BY(rules_mutex_);
  std::atomic<bool> has_rules_{false};
  std::atomic<std::uint64_t> epoch_{1};  // of the rules

  mutable std::array<Shard, kShards> shards_;
  Mutex changes_mutex_;
  std::vector<std::shared_ptr<CallerAccount>> changed_ LARDER_GUARDED_BY(changes_mutex_);
  std::vector<std::string> gone_ LARDER_GUARDED_BY(changes_mutex_);  // keys of records
  std::atomic<bool> all_next_{false};
  MonoTime next_sweep_{};  // of Collect's thread
  std::array<std::atomic<std::uint64_t>, kLimitNames.size()> refused_{};
};

// Meter: takes what one request costs its caller. Thread-safe.
class Meter {
 public:
  // `limiter` outlives it.
  Meter(Limiter& limiter, std::shared_ptr<CallerAccount> account, std::string path)
      : limiter_(limiter),
        account_(std::move(account)),
        path_(std::move(path)),
        counts_tokens_(account_->CountsTokens(path_)) {}

  // `model` as it was asked for; of the tokens, `completion` is what the model wrote.
  void Charge(std::string_view model, std::int64_t tokens, std::int64_t completion) const {
    if (counts_tokens_) limiter_.Charge(account_, path_, model, tokens, completion);
  }
  // Whether it matters what upstream bills: an answer that does not tell is then estimated.
  bool counts_tokens() const { return counts_tokens_; }
  RateState State() const { return account_->State(path_, MomentOf(limiter_.clock())); }
  const PriceTable& prices() const { return limiter_.prices(); }

 private:
  Limiter& limiter_;
  const std::shared_ptr<CallerAccount> account_;  // shared with the limiter
  const std::string path_;
  const bool counts_tokens_;
};

}  // namespace larder
