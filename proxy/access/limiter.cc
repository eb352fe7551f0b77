#include "proxy/access/limiter.h"

#include <algorithm>

#include "cache/record.h"
#include "proxy/pattern.h"

namespace larder {
namespace {

using std::chrono::milliseconds;

// Of how many the one that used least makes room.
constexpr std::size_t kSampled = 16;
// Nothing that was counted without a key counts longer.
constexpr std::chrono::hours kLongestWindow{1};
constexpr std::chrono::seconds kSweepInterval{60};
constexpr char kOfKey = 'k';
constexpr char kOfPartition = 'p';

std::string RecordKeyOf(std::string_view id, bool of_key) {
  return (of_key ? kOfKey : kOfPartition) + std::string(id);
}

}  // namespace

Limiter::Limiter(const Clock& clock, const PriceTable& prices, LimiterOptions options)
    : clock_(clock), prices_(prices), max_callers_(options.max_callers) {
  SetRules(std::move(options.rules));
}

Limiter::Shard& Limiter::ShardOf(std::string_view id) const {
  return shards_[(IdHash()(id) >> 7) % kShards];
}

void Limiter::SetRules(std::vector<LimitRule> rules) {
  WriterLock lock(rules_mutex_);
  has_rules_ = !rules.empty();
  rules_ = std::move(rules);
  ++epoch_;
}

std::vector<LimitRule> Limiter::RulesFor(std::string_view id, const ClientKey* key) const {
  ReaderLock lock(rules_mutex_);
  std::vector<LimitRule> matching;
  for (const LimitRule& rule : rules_) {
    const bool matches = key == nullptr ? MatchesAny(rule.callers, id)
                                        : MatchesAny(rule.callers, key->name) ||
                                              MatchesAny(rule.callers, key->tenant);
    if (matches) matching.push_back(rule);
  }
  return matching;
}

std::shared_ptr<CallerAccount> Limiter::FindOrMake(const std::shared_ptr<const ClientKey>& key,
                                                   const Partition& partition) {
  const std::string& id = key == nullptr ? partition.id() : key->id;
  const std::uint64_t epoch = epoch_.load(std::memory_order_acquire);
  Shard& shard = ShardOf(id);
  MutexLock lock(shard.mutex);
  const auto found = shard.callers.find(std::string_view(id));
  if (found != shard.callers.end()) {
    Held& held = found->second;
    if (held.key != key || held.epoch != epoch) {
      held.account->Replace(key, RulesFor(id, key.get()));
      held.key = key;
      held.epoch = epoch;
      held.empty = held.account->empty();
    }
    return held.empty ? nullptr : held.account;
  }
  auto account = std::make_shared<CallerAccount>(id, key, RulesFor(id, key.get()));
  if (account->empty()) return nullptr;
  const Moment now = MomentOf(clock_);
  if (key == nullptr) {
    MakeRoom(shard, now);
    ++shard.without_key;
  }
  if (const auto saved = shard.saved.find(id); saved != shard.saved.end()) {
    const milliseconds away = std::max(milliseconds(0), now.wall - saved->second.at);
    (void)account->Restore(saved->second.counted, away, now);
    shard.saved.erase(saved);
  }
  shard.callers.emplace(id, Held{account, key, epoch, false});
  return account;
}

void Limiter::MakeRoom(Shard& shard, const Moment& now) {
  const std::size_t most = std::max<std::size_t>(max_callers_ / kShards, 1);
  if (shard.without_key < most) return;
  // From somewhere in the middle, so that it is not always the same ones that are looked at.
  auto& callers = shard.callers;
  const std::size_t buckets = callers.bucket_count();
  const std::size_t first = static_cast<std::size_t>(now.mono.time_since_epoch().count()) % buckets;
  const std::string* least = nullptr;
  std::int64_t least_weight = 0;
  std::size_t seen = 0;
  for (std::size_t i = 0; i < buckets && seen < kSampled; ++i) {
    const std::size_t bucket = (first + i) % buckets;
    for (auto held = callers.begin(bucket); held != callers.end(bucket); ++held) {
      if (held->second.key != nullptr) continue;
      ++seen;
      const std::int64_t weight = held->second.account->Weight(now);
      if (least != nullptr && weight >= least_weight) continue;
      least = &held->first;
      least_weight = weight;
    }
  }
  if (least == nullptr) return;
  NoteGone(RecordKeyOf(*least, false));
  callers.erase(callers.find(*least));
  --shard.without_key;
}

Limiter::Begun Limiter::Begin(const std::shared_ptr<const ClientKey>& key,
                              const Partition& partition, std::string_view path) {
  auto account = AccountOf(key, partition);
  if (account == nullptr) return {};
  Begun begun;
  begun.admission = Admit(account, path, nullptr);
  begun.meter = std::make_shared<Meter>(*this, std::move(account), std::string(path));
  return begun;
}

Admission Limiter::Admit(const std::shared_ptr<CallerAccount>& account, std::string_view path,
                         RateState* state) {
  bool first_change = false;
  const Admission admission = account->Admit(path, MomentOf(clock_), state, first_change);
  if (first_change) NoteChanged(account);
  return admission;
}

void Limiter::CountRefusal(LimitKind kind) {
  refused_[static_cast<std::size_t>(kind)].fetch_add(1, std::memory_order_relaxed);
}

void Limiter::Charge(const std::shared_ptr<CallerAccount>& account, std::string_view path,
                     std::string_view model, std::int64_t tokens, std::int64_t completion) {
  CacheStatus billed;
  billed.billed_tokens = tokens;
  billed.billed_completion = completion;
  const std::uint64_t money = CostOf(prices_.Find(model), billed).spent_nano;
  if (account->Charge(path, tokens, money, MomentOf(clock_))) NoteChanged(account);
}

void Limiter::NoteChanged(const std::shared_ptr<CallerAccount>& account) {
  MutexLock lock(changes_mutex_);
  changed_.push_back(account);
}

void Limiter::NoteGone(std::string record_key) {
  MutexLock lock(changes_mutex_);
  gone_.push_back(std::move(record_key));
}

void Limiter::Forget(const ClientKey& key) {
  Shard& shard = ShardOf(key.id);
  {
    MutexLock lock(shard.mutex);
    shard.callers.erase(key.id);
    shard.saved.erase(key.id);
  }
  NoteGone(RecordKeyOf(key.id, true));
}

Result<std::size_t> Limiter::Load(const Store& store,
                                  const std::function<bool(const std::string&)>& is_key) {
  std::size_t unreadable = 0;
  std::size_t without_key = 0;
  const WallTime now = clock_.Now();
  const Status read = store.ForEach(
      Family::kCounters, "", [&](std::string_view record_key, std::string_view record) {
        const bool of_key = record_key.starts_with(kOfKey);
        if (!of_key && !record_key.starts_with(kOfPartition)) return true;
        const std::string id(record_key.substr(1));
        const auto opened = OpenRecord(RecordKind::kCounters, record);
        if (!opened.ok()) ++unreadable;
        const bool counts =
            opened.ok() && (of_key ? is_key(id)
                                   : now - opened->stamp.stored_at < kLongestWindow &&
                                         ++without_key <= max_callers_);
        if (!counts) {
          NoteGone(std::string(record_key));
          return true;
        }
        Shard& shard = ShardOf(id);
        MutexLock lock(shard.mutex);
        shard.saved[id] = {std::string(opened->payload), opened->stamp.stored_at};
        return true;
      });
  if (!read.ok()) return read.error();
  return unreadable;
}

bool Limiter::IsHeld(const CallerAccount& account) const {
  Shard& shard = ShardOf(account.id());
  MutexLock lock(shard.mutex);
  const auto found = shard.callers.find(account.id());
  return found != shard.callers.end() && found->second.account.get() == &account;
}

// Whoever has nothing left that counts needs no account.
void Limiter::Sweep(const Moment& now) {
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (auto held = shard.callers.begin(); held != shard.callers.end();) {
      const bool in_use = held->second.account.use_count() > 1;
      if (in_use || held->second.key != nullptr || held->second.account->Weight(now) > 0) {
        ++held;
        continue;
      }
      NoteGone(RecordKeyOf(held->first, false));
      held = shard.callers.erase(held);
      --shard.without_key;
    }
  }
}

void Limiter::Collect(WriteBatch& batch) {
  const Moment now = MomentOf(clock_);
  if (now.mono >= next_sweep_) {
    Sweep(now);
    next_sweep_ = now.mono + kSweepInterval;
  }
  std::vector<std::shared_ptr<CallerAccount>> changed;
  std::vector<std::string> gone;
  {
    MutexLock lock(changes_mutex_);
    changed.swap(changed_);
    gone.swap(gone_);
  }
  if (all_next_.exchange(false)) {
    changed.clear();
    for (Shard& shard : shards_) {
      MutexLock lock(shard.mutex);
      for (const auto& [id, held] : shard.callers) changed.push_back(held.account);
    }
  }
  for (const std::string& key : gone) batch.Delete(Family::kCounters, key);
  for (const auto& account : changed) {
    if (!IsHeld(*account)) continue;
    batch.Put(Family::kCounters, RecordKeyOf(account->id(), account->of_key()),
              SealRecord(RecordKind::kCounters, {now.wall, {}}, account->Save(now)));
  }
}

std::array<std::uint64_t, kLimitNames.size()> Limiter::refused() const {
  std::array<std::uint64_t, kLimitNames.size()> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = refused_[i].load(std::memory_order_relaxed);
  return all;
}

std::size_t Limiter::callers() const {
  std::size_t count = 0;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    count += shard.callers.size();
  }
  return count;
}

}  // namespace larder
