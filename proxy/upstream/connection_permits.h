// ConnectionPermits: how many connections the event loops of one engine may have open together, how
// many requests may wait for one, and which loop is next when all are taken.
//
// A loop takes a permit for each connection and serves its own queue with the connections that it
// has. A permit that comes free is granted to a loop whose requests wait: one without any
// connection first, then in the order in which they began to wait. Loops that hold idle connections
// are woken to close them while another waits.
// Thread-safety: every method may be called from any thread; each seat is used by its loop's.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>

#include "base/mutex.h"

namespace larder {

class ConnectionPermits {
 public:
  // One loop's share.
  class Seat {
   public:
    // Connections of this loop that serve nobody.
    void SetIdle(std::size_t count) { idle_.store(count); }

   private:
    friend class ConnectionPermits;
    std::function<void()> wake_;
    std::size_t held_ = 0;
    std::size_t granted_ = 0;  // and not yet taken
    std::size_t waiting_ = 0;
    std::atomic<std::size_t> idle_{0};
  };

  ConnectionPermits(std::size_t max_connections, std::size_t max_waiting)
      : max_connections_(max_connections), max_waiting_(max_waiting) {}

  // `wake` is called, from any thread, when a permit was granted to the seat (TakePermit) or its
  // idle connections are wanted elsewhere (Wanted); it must be quick and not call back.
  std::unique_ptr<Seat> Join(std::function<void()> wake);
  // Gives back all that the seat has; it is not used any more, and its `wake` not called.
  void Leave(Seat& seat);

  // For one more connection; false when all are taken.
  bool TakePermit(Seat& seat);
  // A connection is closed.
  void GivePermit(Seat& seat);

  // A request of the seat begins to wait; false when too many do. As many as there are idle
  // connections may wait beyond the limit, until those are given up.
  bool BeginWaiting(Seat& seat);
  void EndWaiting(Seat& seat);
  // Requests that wait.
  std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

  // Whether a connection of the seat's that has become free should be closed because others need it
  // more: a loop without any connection waits, or any other does and this one does not.
  bool IsWantedElsewhere(const Seat& seat) const;

 private:
  // Gives what is free to those who wait.
  void Grant() LARDER_REQUIRES(mutex_);
  void CountWanted() LARDER_REQUIRES(mutex_);

  const std::size_t max_connections_;
  const std::size_t max_waiting_;
  mutable Mutex mutex_;
  std::size_t taken_ LARDER_GUARDED_BY(mutex_) = 0;   // held and granted
  std::list<Seat*> seats_ LARDER_GUARDED_BY(mutex_);  // who had or gave one last is the last
  std::atomic<std::size_t> waiting_{0};               // written under mutex_
  std::atomic<std::size_t> wanted_{0};                // of these, without a grant
};

}  // namespace larder
