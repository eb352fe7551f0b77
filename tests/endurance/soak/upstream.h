// The soak's provider: right, but for texts that ask for a fault by their first word.
//   fault-500, fault-429   an error of that status
//   fault-cut              half of the answer, then the connection ends
//   fault-none             the connection ends without an answer
//   fault-slow             the right answer, a second late
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace larder::soak {

class Upstream {
 public:
  // Listens on a free port of 127.0.0.1 and serves each connection on a thread, as long as the
  // process lives. Returns the port, 0 on failure.
  std::uint16_t Start();
  std::uint64_t requests() const { return requests_; }

 private:
  void Serve(int fd);
  // False when the connection is to end.
  bool Answer(int fd, std::string_view target, std::string_view head, std::string_view body);

  std::atomic<std::uint64_t> requests_{0};
};

}  // namespace larder::soak
