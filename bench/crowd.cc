#include "bench/crowd.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "bench/http_message.h"

namespace larder::bench {
namespace {

using Clock = std::chrono::steady_clock;

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Whether the whole answer, of status 200, came within 10 s.
bool AskOnce(int fd, const std::string& request) {
  const timeval patience{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return false;
  }
  std::string received;
  std::string decoded;
  std::array<char, 16 * 1024> bytes;
  while (true) {
    const ssize_t size = ::recv(fd, bytes.data(), bytes.size(), 0);
    if (size <= 0) return false;
    received.append(bytes.data(), static_cast<std::size_t>(size));
    const HttpMessage answer = ReadMessage(received, decoded);
    if (answer.state == MessageState::kBroken) return false;
    if (answer.state == MessageState::kWhole) return answer.Word(1) == "200";
  }
}

// One client of a burst.
struct Caller {
  int fd = -1;
  bool connected = false;
  std::string received;
};

enum class Outcome { kPending, kAnswered, kRefused, kFailed };

Outcome Proceed(Caller& caller, int epoll_fd, const std::string& request) {
  if (!caller.connected) {
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(caller.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Outcome::kRefused;
    caller.connected = true;
    if (::send(caller.fd, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      return Outcome::kFailed;
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &caller;
    ::epoll_ctl(epoll_fd, EPOLL_CTL_MOD, caller.fd, &event);
    return Outcome::kPending;
  }
  std::array<char, 16 * 1024> bytes;
  const ssize_t size = ::recv(caller.fd, bytes.data(), bytes.size(), 0);
  if (size < 0 && errno == EAGAIN) return Outcome::kPending;
  if (size <= 0) return Outcome::kFailed;
  caller.received.append(bytes.data(), static_cast<std::size_t>(size));
  std::string decoded;
  const HttpMessage answer = ReadMessage(caller.received, decoded);
  if (answer.state == MessageState::kMore) return Outcome::kPending;
  return answer.state == MessageState::kWhole && answer.Word(1) == "200" ? Outcome::kAnswered
                                                                         : Outcome::kFailed;
}

}  // namespace

int Dial(std::uint16_t port, int receive_buffer_bytes) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (receive_buffer_bytes > 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(receive_buffer_bytes));
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const sockaddr_in address = Loopback(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  ::close(fd);
  return -1;
}

std::string HitRequest() {
  const std::string body =
      R"({"model":"bench-embedding","encoding_format":"base64","input":"a crowd's"})";
  return "POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
         "Authorization: Bearer sk-bench\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

IdleCrowd::IdleCrowd(std::uint16_t port, std::size_t count) {
  const std::string request = HitRequest();
  for (std::size_t i = 0; i < count; ++i) {
    const int fd = Dial(port);
    if (fd < 0) return;
    fds_.push_back(fd);
    if (!AskOnce(fd, request)) {
      ::close(fd);
      fds_.pop_back();
      return;
    }
  }
}

IdleCrowd::~IdleCrowd() {
  for (const int fd : fds_) ::close(fd);
}

BurstResult RunBurst(std::uint16_t port, std::size_t count, std::chrono::seconds patience) {
  BurstResult result;
  const std::string request = HitRequest();
  const sockaddr_in address = Loopback(port);
  const int epoll_fd = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Caller> callers(count);
  const auto begin = Clock::now();
  for (Caller& caller : callers) {
    caller.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    epoll_event event{};
    event.events = EPOLLOUT;
    event.data.ptr = &caller;
    if (caller.fd < 0 || ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, caller.fd, &event) != 0) {
      ++result.failed;
      continue;
    }
    if (::connect(caller.fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 &&
        errno != EINPROGRESS) {
      ++result.refused;
      ::epoll_ctl(epoll_fd, EPOLL_CTL_DEL, caller.fd, nullptr);
    }
  }
  std::array<epoll_event, 256> events{};
  while (result.answered + result.refused + result.failed < count &&
         Clock::now() - begin < patience) {
    const int ready = ::epoll_wait(epoll_fd, events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < ready; ++i) {
      Caller& caller = *static_cast<Caller*>(events[static_cast<std::size_t>(i)].data.ptr);
      const Outcome outcome = Proceed(caller, epoll_fd, request);
      if (outcome == Outcome::kPending) continue;
      result.answered += outcome == Outcome::kAnswered;
      result.refused += outcome == Outcome::kRefused;
      result.failed += outcome == Outcome::kFailed;
      // It stays connected: none makes room for another.
      ::epoll_ctl(epoll_fd, EPOLL_CTL_DEL, caller.fd, nullptr);
    }
  }
  result.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
  result.failed = count - result.answered - result.refused;
  for (const Caller& caller : callers) {
    if (caller.fd >= 0) ::close(caller.fd);
  }
  ::close(epoll_fd);
  return result;
}

}  // namespace larder::bench
