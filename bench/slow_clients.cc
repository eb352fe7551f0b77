#include "bench/slow_clients.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <thread>

#include "bench/crowd.h"

namespace larder::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kBetweenBytes{1000};
constexpr int kSmallBuffer = 4096;

constexpr std::string_view kHeadBegin = "GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Slow: ";
constexpr std::string_view kBodyBegin =
    "POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    "Content-Length: 100000\r\n\r\n{\"input\":\"";

}  // namespace

SlowClients::SlowClients(std::uint16_t port, std::size_t count)
    : port_(port), unread_request_(HitRequest()) {
  for (std::size_t i = 0; i < count; ++i) {
    clients_.push_back({static_cast<Kind>(i % kKinds), -1, 0, {}});
  }
}

SlowClients::SlowClients(std::uint16_t port, std::size_t count, Kind kind)
    : port_(port), unread_request_(HitRequest()) {
  for (std::size_t i = 0; i < count; ++i) clients_.push_back({kind, -1, 0, {}});
}

SlowClients::~SlowClients() {
  for (const Client& client : clients_) {
    if (client.fd >= 0) ::close(client.fd);
  }
}

void SlowClients::Open(Client& client) {
  client.fd = Dial(port_, client.kind == Kind::kUnread ? kSmallBuffer : 0);
  client.sent = 0;
  if (client.fd < 0) {
    ++not_opened_;
    return;
  }
  ::fcntl(client.fd, F_SETFL, ::fcntl(client.fd, F_GETFL) | O_NONBLOCK);
  if (client.kind == Kind::kUnread) return;
  const std::string_view begin = client.kind == Kind::kHead ? kHeadBegin : kBodyBegin;
  (void)!::send(client.fd, begin.data(), begin.size(), MSG_NOSIGNAL);
}

void SlowClients::Send(Client& client) {
  if (client.kind != Kind::kUnread) {
    (void)!::send(client.fd, "a", 1, MSG_NOSIGNAL);
    return;
  }
  // As many requests as the server takes.
  while (true) {
    const std::string_view rest = std::string_view(unread_request_).substr(client.sent);
    const ssize_t size = ::send(client.fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (size <= 0) return;
    unread_bytes_sent_ += static_cast<std::size_t>(size);
    client.sent = (client.sent + static_cast<std::size_t>(size)) % unread_request_.size();
  }
}

// Without reading what an unread answer's client must not read.
bool SlowClients::HasEnded(const Client& client) const {
  char byte = 0;
  const int peek = client.kind == Kind::kUnread ? MSG_PEEK : 0;
  const ssize_t size = ::recv(client.fd, &byte, 1, peek);
  if (client.kind == Kind::kUnread) {
    int error = 0;
    socklen_t length = sizeof(error);
    ::getsockopt(client.fd, SOL_SOCKET, SO_ERROR, &error, &length);
    return error != 0 || (size < 0 && errno != EAGAIN);
  }
  // An answer to what is not whole says that it is over.
  return size >= 0 || errno != EAGAIN;
}

void SlowClients::Run(std::chrono::seconds duration, const volatile bool& stop) {
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    // Their bytes are spread over the second.
    clients_[i].due =
        begin + kBetweenBytes * static_cast<int>(i) / static_cast<int>(clients_.size());
  }
  while (!stop && Clock::now() - begin < duration) {
    const auto now = Clock::now();
    for (Client& client : clients_) {
      if (client.due > now) continue;
      client.due += kBetweenBytes;
      if (client.fd >= 0 && HasEnded(client)) {
        ++cut_[static_cast<std::size_t>(client.kind)];
        ::close(client.fd);
        client.fd = -1;
      }
      if (client.fd < 0) Open(client);
      if (client.fd >= 0) Send(client);
    }
    std::this_thread::sleep_for(milliseconds(5));
  }
}

}  // namespace larder::bench
