// Resolver: the addresses of a host, without ever blocking who asks. Numbers are addresses at once;
// names go to getaddrinfo on a thread of their own, one at a time for each name, and are remembered
// for a minute. Thread-safety: every method may be called from any thread.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace larder {

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};
using SocketAddresses = std::vector<SocketAddress>;  // in the order to try them; not empty

class Resolver {
 public:
  static constexpr std::chrono::seconds kRemembered{60};

  // `clock` is used within Find and Forget only, so that look-ups may outlive it.
  explicit Resolver(const Clock& clock);
  ~Resolver();

  // The addresses, when they are known; else nullopt, and `done` will be called once, on another
  // thread, with them or why there are none (kUnavailable). It must be quick; it may outlive this.
  using Done = std::function<void(Result<SocketAddresses>)>;
  std::optional<SocketAddresses> Find(const std::string& host, std::uint16_t port, Done done);

  // None of its addresses took a connection: looks again the next time.
  void Forget(const std::string& host);

 private:
  struct State;
  const Clock& clock_;
  std::shared_ptr<State> state_;  // shared with look-ups under way, which nobody waits for
};

}  // namespace larder
