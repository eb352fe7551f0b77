#include "proxy/admin/login_limit.h"

#include <arpa/inet.h>

#include <algorithm>
#include <vector>

namespace larder {
namespace {

constexpr std::chrono::minutes kWindow{1};
constexpr std::size_t kIpv6PrefixBytes = 8;

// Without the port; of an IPv6 address what a household or a machine has to itself.
std::string AddressOf(std::string_view peer) {
  std::string host(peer.substr(0, peer.rfind(':')));
  if (!host.starts_with('[')) return host;
  host = host.substr(1, host.find_first_of("]%") - 1);
  in6_addr address{};
  if (::inet_pton(AF_INET6, host.c_str(), &address) != 1) return host;
  return {reinterpret_cast<const char*>(&address), kIpv6PrefixBytes};
}

}  // namespace

void LoginLimit::ForgetOld(MonoTime now) {
  while (!failures_.empty() && failures_.front().at + kWindow <= now) failures_.pop_front();
}

bool LoginLimit::Admit(std::string_view peer) {
  std::string address = AddressOf(peer);
  const MonoTime now = clock_.Monotonic();
  MutexLock lock(mutex_);
  ForgetOld(now);
  const auto own = static_cast<std::size_t>(
      std::count_if(failures_.begin(), failures_.end(),
                    [&](const Failure& failure) { return failure.address == address; }));
  if (own >= options_.per_minute || failures_.size() >= kAllTogether * options_.per_minute) {
    return false;
  }
  failures_.push_back({std::move(address), now});
  return true;
}

void LoginLimit::Forgive(std::string_view peer) {
  const std::string address = AddressOf(peer);
  MutexLock lock(mutex_);
  const auto last = std::find_if(failures_.rbegin(), failures_.rend(), [&](const Failure& failure) {
    return failure.address == address;
  });
  if (last != failures_.rend()) failures_.erase(std::next(last).base());
}

std::chrono::seconds LoginLimit::Wait(std::string_view peer) const {
  const std::string address = AddressOf(peer);
  const MonoTime now = clock_.Monotonic();
  std::vector<MonoTime> own;
  std::vector<MonoTime> all;
  {
    MutexLock lock(mutex_);
    for (const Failure& failure : failures_) {
      if (failure.at + kWindow <= now) continue;
      all.push_back(failure.at);
      if (failure.address == address) own.push_back(failure.at);
    }
  }
  const auto until = [&](const std::vector<MonoTime>& times, std::size_t most) {
    if (times.size() < most) return std::chrono::seconds(0);
    return std::chrono::ceil<std::chrono::seconds>(times[times.size() - most] + kWindow - now);
  };
  return std::max(until(own, options_.per_minute), until(all, kAllTogether * options_.per_minute));
}

}  // namespace larder
