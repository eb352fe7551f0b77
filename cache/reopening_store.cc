#include "cache/reopening_store.h"

#include <algorithm>

namespace larder {
namespace {

// How often it is asked whether everybody has left the database that is to be closed.
constexpr std::chrono::milliseconds kLeavePause{2};

}  // namespace

ReopeningStore::ReopeningStore(std::string name, Open open, Options options)
    : name_(std::move(name)),
      open_(std::move(open)),
      options_(options),
      wait_(options.first_retry) {
  Opened opened = open_({});
  retry_ = opened.retry;
  after_ = opened.message;
  MutexLock lock(mutex_);
  health_.state = opened.state;
  health_.message = opened.message;
  health_.failures = opened.state == StoreState::kOk ? 0 : 1;
  current_ = std::make_shared<Held>(std::move(opened));
}

ReopeningStore::~ReopeningStore() {
  Stop();
}

void ReopeningStore::Start(Observer observer) {
  observer_ = std::move(observer);
  thread_ = std::thread([this] { Run(); });
}

void ReopeningStore::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

StoreHealth ReopeningStore::health() const {
  MutexLock lock(mutex_);
  return health_;
}

ReopeningStore::HeldPointer ReopeningStore::Current() const {
  MutexLock lock(mutex_);
  return current_;
}

Error ReopeningStore::Unavailable() const {
  MutexLock lock(mutex_);
  return StoreError(ErrorCode::kIo,
                    health_.message.empty() ? name_ + " is being opened again" : health_.message);
}

Result<std::vector<std::optional<std::string>>> ReopeningStore::MultiGet(
    Family family, std::span<const std::string_view> keys) const {
  const HeldPointer held = Current();
  if (held == nullptr) return Unavailable();
  return held->opened.store->MultiGet(family, keys);
}

std::optional<std::vector<std::optional<std::string>>> ReopeningStore::TryMultiGet(
    Family family, std::span<const std::string_view> keys) const {
  const HeldPointer held = Current();
  if (held == nullptr) return std::nullopt;
  return held->opened.store->TryMultiGet(family, keys);
}

template <typename Call>
Status ReopeningStore::Write(Call call) {
  HeldPointer held = Current();
  if (held == nullptr) return Unavailable();
  Status status = call(*held->opened.store);
  if (status.ok() || held->leaving) return status;
  held.reset();
  MutexLock lock(mutex_);
  write_failed_ = true;
  changed_.NotifyAll();
  return status;
}

Status ReopeningStore::Apply(const WriteBatch& batch) {
  return Write([&](Store& store) { return store.Apply(batch); });
}

Status ReopeningStore::ApplyTogether(std::span<const WriteBatch* const> batches) {
  return Write([&](Store& store) { return store.ApplyTogether(batches); });
}

Status ReopeningStore::Clear(Family family) {
  return Write([&](Store& store) { return store.Clear(family); });
}

Status ReopeningStore::Compact(Family family, std::string_view begin, std::string_view end,
                               Rewrite what) {
  return Write([&](Store& store) { return store.Compact(family, begin, end, what); });
}

Status ReopeningStore::Flush() {
  return Write([&](Store& store) { return store.Flush(); });
}

Status ReopeningStore::Sync() {
  return Write([&](Store& store) { return store.Sync(); });
}

Status ReopeningStore::RemoveObsolete() {
  return Write([&](Store& store) { return store.RemoveObsolete(); });
}

Status ReopeningStore::ForEach(
    Family family, std::string_view start,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  const HeldPointer held = Current();
  if (held == nullptr) return Unavailable();
  bool left = false;
  LARDER_RETURN_IF_ERROR(
      held->opened.store->ForEach(family, start, [&](std::string_view key, std::string_view value) {
        left = held->leaving;
        return !left && visit(key, value);
      }));
  return left ? Status(Unavailable()) : Status();
}

Store::Size ReopeningStore::SizeOf(Family family) const {
  const HeldPointer held = Current();
  return held == nullptr ? Size() : held->opened.store->SizeOf(family);
}

double ReopeningStore::Density(Family family) const {
  const HeldPointer held = Current();
  return held == nullptr ? 1 : held->opened.store->Density(family);
}

void ReopeningStore::Tell(StoreState state, std::string message) {
  StoreHealth now;
  {
    MutexLock lock(mutex_);
    const StoreState before = std::exchange(health_.state, state);
    health_.message = std::move(message);
    if (before == state) return;
    if (before == StoreState::kOk) ++health_.failures;
    now = health_;
  }
  if (observer_) observer_(now);
}

bool ReopeningStore::StoppedWaiting(std::chrono::milliseconds time) {
  MutexLock lock(mutex_);
  if (!stopping_) changed_.WaitUntil(mutex_, std::chrono::steady_clock::now() + time);
  return stopping_;
}

void ReopeningStore::Run() {
  auto next_attempt = std::chrono::steady_clock::now() + wait_;
  while (true) {
    {
      MutexLock lock(mutex_);
      const auto now = std::chrono::steady_clock::now();
      const auto until = retry_ ? std::min(next_attempt, now + options_.look_interval)
                                : now + options_.look_interval;
      // A write that failed is looked into at once, unless it is known why it did.
      const bool known = retry_ || no_room_;
      while (!stopping_ && (known || !write_failed_) && changed_.WaitUntil(mutex_, until)) {
      }
      if (stopping_) return;
      write_failed_ = false;
    }
    if (!retry_) {
      Look();
      if (retry_) {  // it has just failed
        wait_ = options_.first_retry;
        next_attempt = std::chrono::steady_clock::now();
      }
      continue;
    }
    if (std::chrono::steady_clock::now() < next_attempt) continue;
    Reopen();
    wait_ = std::min(wait_ * 2, options_.longest_retry);
    next_attempt = std::chrono::steady_clock::now() + wait_;
  }
}

// Asks how the database is, and closes one that has failed.
void ReopeningStore::Look() {
  HeldPointer held = Current();
  if (held == nullptr || !held->opened.condition) return;
  const auto [condition, message] = held->opened.condition();
  no_room_ = condition == Condition::kNoRoom;
  switch (condition) {
    case Condition::kFine:
      Tell(held->opened.state, held->opened.message);
      return;
    case Condition::kNoRoom:
      Tell(StoreState::kDegraded, message);
      return;
    case Condition::kFailed:
      break;
  }
  after_ = message;
  retry_ = true;
  Tell(StoreState::kDegraded, message + "; it is being opened again");
}

// Waits until nobody is in a call to it; then it is closed on this thread, not on a caller's.
bool ReopeningStore::Leave(HeldPointer held) {
  if (held == nullptr) return true;
  held->leaving = true;
  while (held.use_count() > 1) {
    if (StoppedWaiting(kLeavePause)) return false;
  }
  return true;
}

void ReopeningStore::Reopen() {
  std::optional<StoreState> reading;
  {
    MutexLock lock(mutex_);
    // One that is open for reading goes on until there is a better one.
    if (current_ != nullptr && current_->opened.retry) {
      reading = current_->opened.state;
    } else {
      leaving_ = std::move(current_);
      current_.reset();
      if (leaving_ != nullptr) leaving_->leaving = true;
    }
  }
  if (!Leave(std::exchange(leaving_, nullptr))) return;
  Opened opened = open_(after_);
  retry_ = opened.retry;
  const StoreState state = opened.state;
  const std::string message = opened.message;
  if (reading != state) {
    auto held = std::make_shared<Held>(std::move(opened));
    MutexLock lock(mutex_);
    held.swap(current_);
    leaving_ = std::move(held);
    if (state == StoreState::kOk) ++health_.reopened;
  }
  Tell(state, message);
  (void)Leave(std::exchange(leaving_, nullptr));
}

}  // namespace larder
