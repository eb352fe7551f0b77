#include "proxy/access/caller_account.h"

#include <algorithm>

#include "base/bytes.h"

namespace larder {
namespace {

using std::chrono::milliseconds;

constexpr std::uint8_t kFormat = 1;
constexpr std::int64_t kMostTokens = std::int64_t{1} << 56;
constexpr std::uint64_t kMostMoney = std::uint64_t{1} << 62;
constexpr std::uint32_t kMostParts = 64;

std::int64_t Add(std::int64_t sum, std::int64_t amount) {
  return std::min(kMostTokens, sum + std::clamp<std::int64_t>(amount, 0, kMostTokens));
}

// Keeps in `tightest` whichever has less left.
void Narrow(std::optional<RateState::Of>& tightest, std::int64_t limit, std::int64_t used,
            milliseconds reset) {
  const std::int64_t remaining = std::max<std::int64_t>(limit - used, 0);
  if (tightest && tightest->remaining <= remaining) return;
  tightest = RateState::Of{limit, remaining, reset};
}

void WriteParts(ByteWriter& writer, const std::vector<SlidingMinute::Part>& parts) {
  writer.Fixed(static_cast<std::uint32_t>(parts.size()));
  for (const SlidingMinute::Part& part : parts) {
    writer.Fixed(part.first_age_ms);
    writer.Fixed(part.last_age_ms);
    writer.Fixed(part.amount);
  }
}

std::vector<SlidingMinute::Part> ReadParts(ByteReader& reader) {
  std::vector<SlidingMinute::Part> parts;
  const auto count = reader.Fixed<std::uint32_t>();
  for (std::uint32_t i = 0; i < std::min(count, kMostParts); ++i) {
    SlidingMinute::Part part;
    part.first_age_ms = reader.Fixed<std::uint32_t>();
    part.last_age_ms = reader.Fixed<std::uint32_t>();
    part.amount = reader.Fixed<std::int64_t>();
    parts.push_back(part);
  }
  return parts;
}

}  // namespace

void CallerAccount::Rule::Roll(const Moment& now) {
  if (!counters.hour.Roll(HourOf(now.wall), now.mono)) return;
  counters.requests_hour = 0;
  counters.tokens_hour = 0;
}

CallerAccount::CallerAccount(std::string id, std::shared_ptr<const ClientKey> key,
                             std::vector<LimitRule> rules)
    : id_(std::move(id)) {
  MutexLock lock(mutex_);
  Adopt(std::move(key), std::move(rules));
}

void CallerAccount::Adopt(std::shared_ptr<const ClientKey> key, std::vector<LimitRule> rules) {
  if (key != nullptr) rules.insert(rules.begin(), key->limits.begin(), key->limits.end());
  // The budget of another period begins anew.
  if (budget() != nullptr && (key == nullptr || key->budget.period != budget()->period)) {
    spent_ = {};
  }
  std::vector<Rule> before = std::exchange(rules_, {});
  for (LimitRule& rule : rules) {
    Rule& made = rules_.emplace_back();
    made.id = rule.Id();
    made.rule = std::move(rule);
    const auto same = std::find_if(before.begin(), before.end(),
                                   [&](const Rule& old) { return old.id == made.id; });
    if (same == before.end()) continue;
    made.counters = std::move(same->counters);
    before.erase(same);
  }
  key_ = std::move(key);
}

void CallerAccount::Replace(std::shared_ptr<const ClientKey> key, std::vector<LimitRule> rules) {
  MutexLock lock(mutex_);
  Adopt(std::move(key), std::move(rules));
}

bool CallerAccount::of_key() const {
  MutexLock lock(mutex_);
  return key_ != nullptr;
}

bool CallerAccount::empty() const {
  MutexLock lock(mutex_);
  return rules_.empty() && budget() == nullptr;
}

const Budget* CallerAccount::budget() const {
  return key_ != nullptr && key_->budget.any() ? &key_->budget : nullptr;
}

void CallerAccount::RollBudget(const Moment& now) {
  if (!spent_.period.Roll(PeriodOf(budget()->period, now.wall), now.mono)) return;
  spent_.money_nano = 0;
  spent_.tokens = 0;
}

Admission CallerAccount::Admit(std::string_view path, const Moment& now, RateState* state,
                               bool& first_change) {
  MutexLock lock(mutex_);
  first_change = false;
  Admission admission;
  // Of several that refuse, the one that refuses longest.
  const auto refuse = [&](LimitKind kind, std::int64_t limit, milliseconds wait) {
    if (!admission.admitted && wait <= admission.retry_after) return;
    admission = {false, kind, limit, wait};
  };
  bool counts = false;
  for (Rule& applied : rules_) {
    if (!applied.rule.MatchesPath(path)) continue;
    counts = true;
    applied.Roll(now);
    const RateLimits& limits = applied.rule.limits;
    Counters& used = applied.counters;
    const auto check_minute = [&](LimitKind kind, std::int64_t limit, SlidingMinute& window) {
      if (limit == 0 || window.Used(now.mono) < limit) return;
      refuse(kind, limit, window.UntilBelow(limit, now.mono));
    };
    const auto check_hour = [&](LimitKind kind, std::int64_t limit, std::int64_t in_hour) {
      if (limit == 0 || in_hour < limit) return;
      refuse(kind, limit, used.hour.UntilReset(HourOf(now.wall), now));
    };
    check_minute(LimitKind::kRequestsMinute, limits.requests_per_minute, used.requests_minute);
    check_hour(LimitKind::kRequestsHour, limits.requests_per_hour, used.requests_hour);
    check_minute(LimitKind::kTokensMinute, limits.tokens_per_minute, used.tokens_minute);
    check_hour(LimitKind::kTokensHour, limits.tokens_per_hour, used.tokens_hour);
  }
  if (const Budget* const most = budget()) {
    RollBudget(now);
    const bool used_up = (most->money_nano > 0 && spent_.money_nano >= most->money_nano) ||
                         (most->tokens > 0 && spent_.tokens >= most->tokens);
    if (used_up) {
      admission = {false, LimitKind::kBudget, 0,
                   spent_.period.UntilReset(PeriodOf(most->period, now.wall), now)};
    }
  }
  if (admission.admitted && counts) {
    for (Rule& applied : rules_) {
      if (!applied.rule.MatchesPath(path)) continue;
      const RateLimits& limits = applied.rule.limits;
      if (limits.requests_per_minute > 0) applied.counters.requests_minute.Add(1, now.mono);
      ++applied.counters.requests_hour;
    }
    first_change = Changed();
  }
  if (state != nullptr) *state = StateOf(path, now);
  return admission;
}

bool CallerAccount::Charge(std::string_view path, std::int64_t tokens, std::uint64_t money_nano,
                           const Moment& now) {
  MutexLock lock(mutex_);
  bool counts = false;
  for (Rule& applied : rules_) {
    if (!applied.rule.limits.counts_tokens() || !applied.rule.MatchesPath(path)) continue;
    counts = true;
    applied.Roll(now);
    if (applied.rule.limits.tokens_per_minute > 0) {
      applied.counters.tokens_minute.Add(tokens, now.mono);
    }
    applied.counters.tokens_hour = Add(applied.counters.tokens_hour, tokens);
  }
  if (budget() != nullptr) {
    counts = true;
    RollBudget(now);
    spent_.tokens = Add(spent_.tokens, tokens);
    spent_.money_nano = std::min(kMostMoney, spent_.money_nano + std::min(money_nano, kMostMoney));
  }
  return counts && Changed();
}

RateState CallerAccount::State(std::string_view path, const Moment& now) {
  MutexLock lock(mutex_);
  return StateOf(path, now);
}

RateState CallerAccount::StateOf(std::string_view path, const Moment& now) {
  RateState state;
  for (Rule& applied : rules_) {
    if (!applied.rule.MatchesPath(path)) continue;
    applied.Roll(now);
    const RateLimits& limits = applied.rule.limits;
    Counters& used = applied.counters;
    const auto minute = [&](std::optional<RateState::Of>& of, std::int64_t limit,
                            SlidingMinute& window) {
      if (limit > 0) Narrow(of, limit, window.Used(now.mono), window.UntilEmpty(now.mono));
    };
    const auto hour = [&](std::optional<RateState::Of>& of, std::int64_t limit,
                          std::int64_t in_hour) {
      if (limit == 0) return;
      const milliseconds reset =
          in_hour == 0 ? milliseconds(0) : used.hour.UntilReset(HourOf(now.wall), now);
      Narrow(of, limit, in_hour, reset);
    };
    minute(state.requests, limits.requests_per_minute, used.requests_minute);
    hour(state.requests, limits.requests_per_hour, used.requests_hour);
    minute(state.tokens, limits.tokens_per_minute, used.tokens_minute);
    hour(state.tokens, limits.tokens_per_hour, used.tokens_hour);
  }
  return state;
}

bool CallerAccount::CountsTokens(std::string_view path) const {
  MutexLock lock(mutex_);
  return budget() != nullptr || std::any_of(rules_.begin(), rules_.end(), [&](const Rule& applied) {
           return applied.rule.limits.counts_tokens() && applied.rule.MatchesPath(path);
         });
}

std::vector<LimitUse> CallerAccount::UseOfLimits(const Moment& now) {
  MutexLock lock(mutex_);
  std::vector<LimitUse> all;
  const std::size_t own = key_ == nullptr ? 0 : key_->limits.size();
  for (std::size_t i = 0; i < own; ++i) {
    rules_[i].Roll(now);
    Counters& used = rules_[i].counters;
    all.push_back({used.requests_minute.Used(now.mono), used.requests_hour,
                   used.tokens_minute.Used(now.mono), used.tokens_hour});
  }
  return all;
}

BudgetUse CallerAccount::UseOfBudget(const Moment& now) {
  MutexLock lock(mutex_);
  const Budget* const most = budget();
  if (most == nullptr) return {};
  RollBudget(now);
  BudgetUse use{spent_.money_nano, spent_.tokens, std::nullopt};
  if (most->period != BudgetPeriod::kTotal) {
    use.resets_at = now.wall + spent_.period.UntilReset(PeriodOf(most->period, now.wall), now);
  }
  return use;
}

std::int64_t CallerAccount::Weight(const Moment& now) {
  MutexLock lock(mutex_);
  std::int64_t weight = 0;
  for (Rule& applied : rules_) {
    applied.Roll(now);
    Counters& used = applied.counters;
    weight = Add(weight, used.requests_minute.Used(now.mono));
    weight = Add(weight, used.requests_hour);
    weight = Add(weight, used.tokens_minute.Used(now.mono));
    weight = Add(weight, used.tokens_hour);
  }
  if (budget() == nullptr) return weight;
  RollBudget(now);
  return Add(Add(weight, spent_.tokens), static_cast<std::int64_t>(spent_.money_nano >> 1));
}

std::string CallerAccount::Save(const Moment& now) {
  MutexLock lock(mutex_);
  changed_ = false;
  std::string saved;
  ByteWriter writer(saved);
  writer.Fixed(kFormat);
  writer.Fixed(static_cast<std::uint32_t>(rules_.size()));
  for (Rule& applied : rules_) {
    applied.Roll(now);
    Counters& used = applied.counters;
    writer.Fixed(applied.id);
    WriteParts(writer, used.requests_minute.Parts(now.mono));
    WriteParts(writer, used.tokens_minute.Parts(now.mono));
    writer.Fixed(used.hour.index());
    writer.Fixed(std::int64_t{used.hour.Age(now.mono).count()});
    writer.Fixed(used.requests_hour);
    writer.Fixed(used.tokens_hour);
  }
  const Budget* const most = budget();
  writer.Fixed(static_cast<std::uint8_t>(most != nullptr ? 1 : 0));
  if (most == nullptr) return saved;
  RollBudget(now);
  writer.Fixed(static_cast<std::uint8_t>(most->period));
  writer.Fixed(spent_.period.index());
  writer.Fixed(std::int64_t{spent_.period.Age(now.mono).count()});
  writer.Fixed(spent_.money_nano);
  writer.Fixed(spent_.tokens);
  return saved;
}

bool CallerAccount::Restore(std::string_view saved, milliseconds away, const Moment& now) {
  ByteReader reader(saved);
  if (reader.Fixed<std::uint8_t>() != kFormat) return false;
  std::vector<std::pair<std::uint64_t, Counters>> counted;
  const auto count = reader.Fixed<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    auto& [id, used] = counted.emplace_back();
    id = reader.Fixed<std::uint64_t>();
    used.requests_minute.Restore(ReadParts(reader), away, now.mono);
    used.tokens_minute.Restore(ReadParts(reader), away, now.mono);
    const auto index = reader.Fixed<std::int64_t>();
    const milliseconds age(reader.Fixed<std::int64_t>());
    used.hour.Restore(index, age + away, now.mono);
    used.requests_hour = reader.Fixed<std::int64_t>();
    used.tokens_hour = reader.Fixed<std::int64_t>();
  }
  Spent spent;
  auto period = BudgetPeriod::kMonth;
  const bool has_budget = reader.Fixed<std::uint8_t>() != 0;
  if (has_budget) {
    period = static_cast<BudgetPeriod>(reader.Fixed<std::uint8_t>());
    const auto index = reader.Fixed<std::int64_t>();
    const milliseconds age(reader.Fixed<std::int64_t>());
    spent.period.Restore(index, age + away, now.mono);
    spent.money_nano = reader.Fixed<std::uint64_t>();
    spent.tokens = reader.Fixed<std::int64_t>();
  }
  if (!reader.ok() || reader.remaining() != 0) return false;
  MutexLock lock(mutex_);
  for (Rule& applied : rules_) {
    const auto same = std::find_if(counted.begin(), counted.end(),
                                   [&](const auto& one) { return one.first == applied.id; });
    if (same == counted.end()) continue;
    applied.counters = std::move(same->second);
    counted.erase(same);
  }
  if (has_budget && budget() != nullptr && budget()->period == period) spent_ = spent;
  return true;
}

}  // namespace larder
