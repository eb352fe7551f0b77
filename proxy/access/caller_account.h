// CallerAccount: what one caller has used of the limits and the budget that concern it. Whether a
// request is admitted is decided before it is looked at; what upstream bills for it is charged once
// it is known, so that a request is admitted while a window is not used up yet, and the last one
// may go beyond.
//
// Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "proxy/access/client_key.h"
#include "proxy/access/rate_window.h"

namespace larder {

// Whether a request may go on; when not, why and for how long.
struct Admission {
  bool admitted = true;
  LimitKind refused_by = LimitKind::kRequestsMinute;
  std::int64_t limit = 0;  // of what refused it, but for a budget
  std::chrono::milliseconds retry_after{0};
};

// Where a caller stands, by the limit that has the least left; absent where nothing limits.
struct RateState {
  struct Of {
    std::int64_t limit = 0;
    std::int64_t remaining = 0;
    std::chrono::milliseconds reset{0};  // until all of it is there again
  };
  std::optional<Of> requests;
  std::optional<Of> tokens;
};

// What an operator sees of a key.
struct BudgetUse {
  std::uint64_t money_nano = 0;
  std::int64_t tokens = 0;
  std::optional<WallTime> resets_at;  // absent of a budget for ever
};
struct LimitUse {
  std::int64_t requests_minute = 0;
  std::int64_t requests_hour = 0;
  std::int64_t tokens_minute = 0;
  std::int64_t tokens_hour = 0;
};

class CallerAccount {
 public:
  // `id`: the key's, or the partition's. What concerns the caller: `key`: Larder's own, with the
  // limits and the budget that it has by itself, or null; `rules`: those of the configuration that
  // match the caller.
  CallerAccount(std::string id, std::shared_ptr<const ClientKey> key, std::vector<LimitRule> rules);

  // Puts others in their place; what has been counted for a rule that is still there stays.
  void Replace(std::shared_ptr<const ClientKey> key, std::vector<LimitRule> rules);
  const std::string& id() const { return id_; }
  bool of_key() const;
  // Whether there is anything that limits.
  bool empty() const;

  // Counts a request of `path` (below /v1, without query) unless it is refused. `state`, unless
  // null, is set to where the caller stands then. `first_change`: whether it is to be saved, and
  // was not before.
  Admission Admit(std::string_view path, const Moment& now, RateState* state, bool& first_change);
  // What upstream billed for a request of `path`. True as `first_change`.
  bool Charge(std::string_view path, std::int64_t tokens, std::uint64_t money_nano,
              const Moment& now);
  RateState State(std::string_view path, const Moment& now);
  // Whether what upstream bills for a request of `path` counts anywhere.
  bool CountsTokens(std::string_view path) const;

  // Of the limits of the key itself, in its order; and of its budget.
  std::vector<LimitUse> UseOfLimits(const Moment& now);
  BudgetUse UseOfBudget(const Moment& now);

  // How much there is to lose when the account is forgotten; 0: nothing counts any more.
  std::int64_t Weight(const Moment& now);

  // What has been counted, for the disk; it is saved then, until the next change.
  std::string Save(const Moment& now);
  // Takes what was saved `away` ago, as far as its rules are there. False when it is no such thing;
  // then nothing is changed.
  bool Restore(std::string_view saved, std::chrono::milliseconds away, const Moment& now);

 private:
  struct Counters {
    SlidingMinute requests_minute;
    SlidingMinute tokens_minute;
    FixedWindow hour;
    std::int64_t requests_hour = 0;
    std::int64_t tokens_hour = 0;
  };
  struct Rule {
    LimitRule rule;
    std::uint64_t id = 0;
    Counters counters = {};

    void Roll(const Moment& now);
  };
  struct Spent {
    FixedWindow period;
    std::uint64_t money_nano = 0;
    std::int64_t tokens = 0;
  };

  void Adopt(std::shared_ptr<const ClientKey> key, std::vector<LimitRule> rules)
      LARDER_REQUIRES(mutex_);
  void RollBudget(const Moment& now) LARDER_REQUIRES(mutex_);
  const Budget* budget() const LARDER_REQUIRES(mutex_);
  RateState StateOf(std::string_view path, const Moment& now) LARDER_REQUIRES(mutex_);
  bool Changed() LARDER_REQUIRES(mutex_) { return !std::exchange(changed_, true); }

  const std::string id_;
  mutable Mutex mutex_;
  std::shared_ptr<const ClientKey> key_ LARDER_GUARDED_BY(mutex_);  // shared with ClientKeys
  std::vector<Rule> rules_ LARDER_GUARDED_BY(mutex_);               // the key's own first
  Spent spent_ LARDER_GUARDED_BY(mutex_);
  bool changed_ LARDER_GUARDED_BY(mutex_) = false;
};

}  // namespace larder
