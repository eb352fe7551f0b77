#include "proxy/upstream/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <cstring>
#include <system_error>
#include <thread>
#include <unordered_map>

#include "base/mutex.h"

namespace larder {
namespace {

SocketAddress WithPort(SocketAddress address, std::uint16_t port) {
  if (address.bytes.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(address.bytes).sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in&>(address.bytes).sin_port = htons(port);
  }
  return address;
}

SocketAddresses WithPort(SocketAddresses addresses, std::uint16_t port) {
  for (SocketAddress& address : addresses) address = WithPort(address, port);
  return addresses;
}

std::optional<SocketAddress> ParseNumeric(const std::string& host) {
  SocketAddress address;
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.bytes);
  if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    address.size = sizeof(v4);
    return address;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address.bytes);
  if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    address.size = sizeof(v6);
    return address;
  }
  return std::nullopt;
}

Result<SocketAddresses> LookUp(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  SocketAddresses addresses;
  for (const addrinfo* at = found; code == 0 && at != nullptr; at = at->ai_next) {
    if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
    SocketAddress& address = addresses.emplace_back();
    std::memcpy(&address.bytes, at->ai_addr, at->ai_addrlen);
    address.size = at->ai_addrlen;
  }
  if (code == 0) ::freeaddrinfo(found);
  if (!addresses.empty()) return addresses;
  return UpstreamError(
      ErrorCode::kUnavailable,
      std::string("upstream: its host name has no address: ") +
          (code == 0 ? "none of a kind that can be connected to" : ::gai_strerror(code)));
}

}  // namespace

struct Resolver::State {
  struct Waiter {
    std::uint16_t port;
    Done done;
  };
  struct Known {
    SocketAddresses addresses;
    MonoTime since;
  };
  Mutex mutex;
  std::unordered_map<std::string, Known> known LARDER_GUARDED_BY(mutex);
  std::unordered_map<std::string, std::vector<Waiter>> under_way LARDER_GUARDED_BY(mutex);
};

Resolver::Resolver(const Clock& clock) : clock_(clock), state_(std::make_shared<State>()) {}

Resolver::~Resolver() = default;

std::optional<SocketAddresses> Resolver::Find(const std::string& host, std::uint16_t port,
                                              Done done) {
  if (const auto numeric = ParseNumeric(host)) return SocketAddresses{WithPort(*numeric, port)};
  const MonoTime now = clock_.Monotonic();
  {
    MutexLock lock(state_->mutex);
    if (const auto known = state_->known.find(host); known != state_->known.end()) {
      if (now - known->second.since < kRemembered) return WithPort(known->second.addresses, port);
      state_->known.erase(known);
    }
    auto& waiters = state_->under_way[host];
    waiters.push_back({port, std::move(done)});
    if (waiters.size() > 1) return std::nullopt;
  }
  const auto run = [state = state_, host, now] {
    const Result<SocketAddresses> found = LookUp(host);
    std::vector<State::Waiter> waiters;
    {
      MutexLock lock(state->mutex);
      waiters = std::move(state->under_way.extract(host).mapped());
      if (found.ok()) state->known[host] = {*found, now};
    }
    for (const State::Waiter& waiter : waiters) {
      waiter.done(found.ok() ? Result(WithPort(*found, waiter.port)) : found);
    }
  };
  // Nobody waits for it to end: a look-up may take longer than a shutdown should.
  try {
    std::thread(run).detach();
  } catch (const std::system_error&) {
    run();  // no thread left
  }
  return std::nullopt;
}

void Resolver::Forget(const std::string& host) {
  MutexLock lock(state_->mutex);
  state_->known.erase(host);
}

}  // namespace larder
