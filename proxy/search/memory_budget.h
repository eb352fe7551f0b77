// MemoryBudget: one bound on the memory of many indexes. Whoever is about to add reserves what that
// will take; what an index really holds is told afterwards. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>

namespace larder {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t limit) : limit_(limit) {}

  // Room for `bytes` until it is destroyed; none when there was not enough.
  class Reservation {
   public:
    Reservation(MemoryBudget& budget, std::size_t bytes) : budget_(budget), bytes_(bytes) {
      const std::size_t all = budget.reserved_.fetch_add(bytes) + bytes + budget.used_;
      granted_ = bytes == 0 || all <= budget.limit_;
    }
    ~Reservation() { budget_.reserved_ -= bytes_; }
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;

    bool granted() const { return granted_; }

   private:
    MemoryBudget& budget_;
    const std::size_t bytes_;
    bool granted_ = false;
  };

  // What an index holds has changed from `before` to `after` bytes.
  void Tell(std::size_t before, std::size_t after) { used_ += after - before; }

  std::size_t limit() const { return limit_; }
  std::size_t used() const { return used_; }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
  std::atomic<std::size_t> reserved_{0};
};

}  // namespace larder
