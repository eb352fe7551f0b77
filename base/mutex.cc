#include "base/mutex.h"

#include <algorithm>

#include "base/fiber.h"

namespace larder {

void CondVar::Wait(Mutex& mutex) {
  if (Fiber* const fiber = Fiber::Current(); fiber != nullptr) {
    WaitOnFiber(*fiber, mutex, std::chrono::steady_clock::time_point::max());
    return;
  }
  std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
  cv_.wait(lock);
  lock.release();
}

bool CondVar::WaitUntil(Mutex& mutex, std::chrono::steady_clock::time_point deadline) {
  if (Fiber* const fiber = Fiber::Current(); fiber != nullptr) {
    return WaitOnFiber(*fiber, mutex, deadline);
  }
  std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
  const bool in_time = cv_.wait_until(lock, deadline) == std::cv_status::no_timeout;
  lock.release();
  return in_time;
}

// Registered under `mutex`: a change that is made under it afterwards finds the waiter.
bool CondVar::WaitOnFiber(Fiber& fiber, Mutex& mutex,
                          std::chrono::steady_clock::time_point deadline) {
  const std::uint64_t suspension = fiber.NextSuspension();
  {
    const std::lock_guard<std::mutex> lock(fibers_mutex_);
    fibers_.push_back({fiber.shared_from_this(), suspension});
    fiber_count_.store(fibers_.size());
  }
  mutex.mutex_.unlock();
  const bool woken = fiber.Suspend(suspension, deadline);
  mutex.mutex_.lock();
  if (woken) return true;
  const std::lock_guard<std::mutex> lock(fibers_mutex_);
  std::erase_if(fibers_, [&](const FiberTicket& ticket) {
    return ticket.fiber.get() == &fiber && ticket.suspension == suspension;
  });
  fiber_count_.store(fibers_.size());
  return false;
}

void CondVar::NotifyOne() {
  if (fiber_count_.load() > 0) {
    const std::lock_guard<std::mutex> lock(fibers_mutex_);
    if (!fibers_.empty()) {
      const FiberTicket ticket = std::move(fibers_.front());
      fibers_.erase(fibers_.begin());
      fiber_count_.store(fibers_.size());
      ticket.fiber->Wake(ticket.suspension);
      return;
    }
  }
  cv_.notify_one();
}

void CondVar::NotifyAll() {
  if (fiber_count_.load() > 0) {
    std::vector<FiberTicket> woken;
    {
      const std::lock_guard<std::mutex> lock(fibers_mutex_);
      woken.swap(fibers_);
      fiber_count_.store(0);
    }
    for (const FiberTicket& ticket : woken) ticket.fiber->Wake(ticket.suspension);
  }
  cv_.notify_all();
}

}  // namespace larder
