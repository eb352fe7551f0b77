// Crowds of clients against a loopback port. Thread-safety: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace larder::bench {

// A connected socket, or -1. `receive_buffer_bytes` > 0 makes a reader that is easily full.
int Dial(std::uint16_t port, int receive_buffer_bytes = 0);

// A request for an embedding, whose answer comes from the cache from the second time on.
std::string HitRequest();

// Kept connections, each of which has had one answer. Closed in the end.
class IdleCrowd {
 public:
  // Opens them one after another; count() tells how many there are.
  IdleCrowd(std::uint16_t port, std::size_t count);
  ~IdleCrowd();
  IdleCrowd(const IdleCrowd&) = delete;
  IdleCrowd& operator=(const IdleCrowd&) = delete;

  std::size_t count() const { return fds_.size(); }

 private:
  std::vector<int> fds_;
};

// What became of clients that all connected at once and asked one thing each.
struct BurstResult {
  std::size_t answered = 0;  // with status 200
  std::size_t refused = 0;   // no connection
  std::size_t failed = 0;    // another status, a reset, or no answer in time
  std::chrono::milliseconds took{0};
};

BurstResult RunBurst(std::uint16_t port, std::size_t count, std::chrono::seconds patience);

}  // namespace larder::bench
