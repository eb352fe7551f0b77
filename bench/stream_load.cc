#include "bench/stream_load.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>

namespace larder::bench {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{30};
constexpr std::string_view kStamp = "\"sent_ns\":";

int Connect(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return fd;
  ::close(fd);
  return -1;
}

// User and system time of a process and its threads so far: fields 14 and 15 of /proc/PID/stat.
long TicksOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  std::istringstream rest(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  long user = 0;
  long system = 0;
  rest >> user >> system;
  return user + system;
}

}  // namespace

StreamLoad::StreamLoad(const StreamLoadOptions& options)
    : options_(options), epoll_fd_(::epoll_create1(EPOLL_CLOEXEC)) {}

StreamLoad::~StreamLoad() {
  for (const auto& connection : connections_) ::close(connection->fd);
  ::close(epoll_fd_);
}

bool StreamLoad::Fail(std::string what) {
  if (result_.failure.empty()) result_.failure = std::move(what);
  return false;
}

StreamLoadResult StreamLoad::Run() {
  for (std::size_t i = 0; i < options_.connections; ++i) {
    auto connection = std::make_unique<Connection>();
    connection->fd = Connect(options_.port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = connection.get();
    if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, connection->fd, &event) != 0) {
      Fail("cannot connect");
      return result_;
    }
    connections_.push_back(std::move(connection));
  }
  const Time began = steady_clock::now();
  std::size_t begun = 0;  // connections that have asked
  Time last_progress = began;
  std::array<epoll_event, 256> events{};
  while (result_.whole.size() < options_.streams) {
    const Time now = steady_clock::now();
    const auto due = [&] { return began + begun * options_.stagger; };
    while (begun < connections_.size() && due() <= now) {
      if (!Ask(*connections_[begun++])) return result_;
    }
    if (now - last_progress > kPatience) {
      Fail("nothing arrived for 30 s");
      return result_;
    }
    const int millis = begun < connections_.size() ? 1 : 1000;
    const int count =
        ::epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), millis);
    if (count > 0) last_progress = steady_clock::now();
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (!OnReadable(*connection)) return result_;
    }
  }
  std::sort(digests_.begin(), digests_.end());
  result_.transcripts = static_cast<std::size_t>(
      std::distance(digests_.begin(), std::unique(digests_.begin(), digests_.end())));
  return result_;
}

bool StreamLoad::Ask(Connection& connection) {
  if (asked_ == options_.streams) return true;
  const std::string number = options_.same ? "same" : std::to_string(asked_);
  ++asked_;
  const std::string body = R"({"model":"bench-chat","stream":true,"messages":[{"role":"user",)"
                           R"("content":"load )" +
                           std::to_string(options_.nonce) + " question " + number + "\"}]}";
  const std::string request =
      "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
      "Authorization: Bearer sk-bench\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  connection.events = 0;
  connection.transcript = 0;
  connection.done = false;
  connection.asked = steady_clock::now();
  const ssize_t sent = ::send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(request.size()) || Fail("cannot send");
}

bool StreamLoad::OnReadable(Connection& connection) {
  std::array<char, 64UL * 1024> bytes;
  const ssize_t size = ::recv(connection.fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
  const Time now = steady_clock::now();
  if (size <= 0) return Fail("the connection ended within an answer");
  std::vector<std::string> events;
  const auto state = connection.reader.Take({bytes.data(), static_cast<std::size_t>(size)}, events);
  for (const std::string& event : events) OnEvent(connection, event, now);
  if (state == StreamReader::State::kBroken) {
    return Fail(
        "not a stream: " +
        std::string(bytes.data(), std::min<std::size_t>(static_cast<std::size_t>(size), 200)));
  }
  if (state == StreamReader::State::kMore) return true;
  if (!connection.done) return Fail("an answer ended without [DONE]");
  if (result_.whole.empty() && options_.server != 0 && speaking_ == connections_.size()) {
    result_.steady_ticks = TicksOf(options_.server) - result_.steady_ticks;
    result_.steady_events = result_.events - result_.steady_events;
  }
  result_.whole.push_back(now - connection.asked);
  digests_.push_back(connection.transcript);
  return Ask(connection);
}

void StreamLoad::OnEvent(Connection& connection, const std::string& event, Time now) {
  const bool first = connection.events++ == 0;
  ++result_.events;
  connection.transcript = connection.transcript * 31 + std::hash<std::string>()(event);
  connection.done = event == "data: [DONE]";
  if (const std::size_t at = event.find(kStamp); at != event.npos) {
    std::int64_t sent = 0;
    std::from_chars(event.data() + at + kStamp.size(), event.data() + event.size(), sent);
    (first ? result_.first : result_.later).push_back(now.time_since_epoch() - nanoseconds(sent));
  }
  if (first && speaking_ < connections_.size() && ++speaking_ == connections_.size() &&
      options_.server != 0 && result_.whole.empty()) {
    result_.steady_ticks = TicksOf(options_.server);
    result_.steady_events = result_.events;
  }
}

}  // namespace larder::bench
