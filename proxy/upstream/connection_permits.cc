#include "proxy/upstream/connection_permits.h"

#include <algorithm>

namespace larder {

std::unique_ptr<ConnectionPermits::Seat> ConnectionPermits::Join(std::function<void()> wake) {
  auto seat = std::make_unique<Seat>();
  seat->wake_ = std::move(wake);
  MutexLock lock(mutex_);
  seats_.push_back(seat.get());
  return seat;
}

void ConnectionPermits::Leave(Seat& seat) {
  MutexLock lock(mutex_);
  seats_.remove(&seat);
  taken_ -= seat.held_ + seat.granted_;
  waiting_ -= seat.waiting_;
  Grant();
}

bool ConnectionPermits::TakePermit(Seat& seat) {
  MutexLock lock(mutex_);
  if (seat.granted_ > 0) {
    --seat.granted_;
  } else if (taken_ < max_connections_) {
    ++taken_;
  } else {
    return false;
  }
  ++seat.held_;
  CountWanted();
  return true;
}

void ConnectionPermits::GivePermit(Seat& seat) {
  MutexLock lock(mutex_);
  --seat.held_;
  --taken_;
  seats_.splice(seats_.end(), seats_, std::find(seats_.begin(), seats_.end(), &seat));
  Grant();
}

bool ConnectionPermits::BeginWaiting(Seat& seat) {
  MutexLock lock(mutex_);
  std::size_t idle = 0;
  for (const Seat* const other : seats_) idle += other->idle_;
  if (waiting_ >= max_waiting_ + idle) return false;
  ++seat.waiting_;
  ++waiting_;
  Grant();
  if (wanted_ == 0) return true;
  for (Seat* const other : seats_) {
    if (other != &seat && other->idle_ > 0) {
      other->wake_();
      break;
    }
  }
  return true;
}

void ConnectionPermits::EndWaiting(Seat& seat) {
  MutexLock lock(mutex_);
  --seat.waiting_;
  --waiting_;
  if (seat.granted_ > seat.waiting_) {  // it was served otherwise
    --seat.granted_;
    --taken_;
  }
  Grant();
}

bool ConnectionPermits::IsWantedElsewhere(const Seat& seat) const {
  if (wanted_ == 0) return false;
  MutexLock lock(mutex_);
  return std::any_of(seats_.begin(), seats_.end(), [&](const Seat* other) {
    return other != &seat && other->waiting_ > other->granted_ &&
           (seat.waiting_ == 0 || other->held_ + other->granted_ == 0);
  });
}

void ConnectionPermits::Grant() {
  while (taken_ < max_connections_) {
    auto next = seats_.end();
    for (auto at = seats_.begin(); at != seats_.end(); ++at) {
      const Seat& seat = **at;
      if (seat.waiting_ <= seat.granted_) continue;
      if (next == seats_.end()) next = at;
      if (seat.held_ + seat.granted_ == 0) {
        next = at;
        break;
      }
    }
    if (next == seats_.end()) break;
    Seat& seat = **next;
    ++taken_;
    ++seat.granted_;
    seat.wake_();
    seats_.splice(seats_.end(), seats_, next);
  }
  CountWanted();
}

void ConnectionPermits::CountWanted() {
  std::size_t wanted = 0;
  for (const Seat* const seat : seats_) {
    wanted += seat->waiting_ - std::min(seat->waiting_, seat->granted_);
  }
  wanted_ = wanted;
}

}  // namespace larder
