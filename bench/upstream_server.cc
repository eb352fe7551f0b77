#include "bench/upstream_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "bench/http_message.h"

namespace larder::bench {
namespace {

constexpr std::size_t kReadStep = 64 * 1024;

void AppendHead(int status, std::string_view fields, bool close, std::string& out) {
  out += "HTTP/1.1 ";
  out += std::to_string(status);
  out += status == 200 ? " OK\r\n" : " Refused\r\n";
  out += fields;
  out += close ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n";
}

void AppendChunk(std::string_view piece, std::string& out) {
  std::array<char, 16> size;
  out.append(size.data(), static_cast<std::size_t>(
                              std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size())));
  out += piece;
  out += "\r\n";
}

}  // namespace

UpstreamServer::~UpstreamServer() {
  for (const auto& [fd, connection] : connections_) ::close(fd);
  for (const int fd : {listen_fd_, epoll_fd_, stop_fd_}) {
    if (fd >= 0) ::close(fd);
  }
}

std::uint16_t UpstreamServer::Listen(std::uint16_t port) {
  listen_fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  epoll_fd_ = ::epoll_create1(EPOLL_CLOEXEC);
  stop_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  const int on = 1;
  ::setsockopt(listen_fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  if (::bind(listen_fd_, generic, size) != 0 || ::listen(listen_fd_, 4096) != 0 ||
      ::getsockname(listen_fd_, generic, &size) != 0) {
    return 0;
  }
  for (const int fd : {listen_fd_, stop_fd_}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) return 0;
  }
  return ntohs(address.sin_port);
}

void UpstreamServer::Stop() {
  const std::uint64_t one = 1;
  (void)!::write(stop_fd_, &one, sizeof(one));
}

void UpstreamServer::Run() {
  std::array<epoll_event, 256> events{};
  while (true) {
    const int count =
        ::epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), MillisToNextDue());
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == stop_fd_) return;
      if (event.data.fd == listen_fd_) {
        Accept();
        continue;
      }
      const auto found = connections_.find(event.data.fd);
      if (found == connections_.end()) continue;
      Connection& connection = *found->second;
      if ((event.events & EPOLLOUT) != 0 && connection.waits_for_room) {
        Flush(connection);
      } else {
        OnReadable(connection);
      }
    }
    RunDue();
  }
}

void UpstreamServer::Accept() {
  while (true) {
    const int fd = ::accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event);
    auto connection = std::make_unique<Connection>();
    connection->fd = fd;
    connection->serial = next_serial_++;
    connections_[fd] = std::move(connection);
  }
}

void UpstreamServer::OnReadable(Connection& connection) {
  std::array<char, kReadStep> bytes;
  const ssize_t size = ::recv(connection.fd, bytes.data(), bytes.size(), 0);
  if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
    Close(connection);
    return;
  }
  if (size < 0) return;
  connection.in.append(bytes.data(), static_cast<std::size_t>(size));
  AnswerWhatArrived(connection);
  Flush(connection);
}

// Appends answers to what is to be sent, until a request is not whole or a stream has begun.
void UpstreamServer::AnswerWhatArrived(Connection& connection) {
  while (!connection.in.empty() && !connection.streaming && !connection.close_after) {
    const HttpMessage request = ReadMessage(connection.in, decoded_);
    if (request.state == MessageState::kContinue && !connection.told_to_continue) {
      connection.told_to_continue = true;
      connection.out += "HTTP/1.1 100 Continue\r\n\r\n";
    }
    if (request.state == MessageState::kBroken) {
      AppendHead(400, "Content-Length: 0", true, connection.out);
      connection.close_after = true;
    }
    if (request.state != MessageState::kWhole) return;
    connection.told_to_continue = false;
    connection.close_after = !request.keep_alive;
    const Provider::Reply reply = provider_.Answer(request.Word(0), request.Word(1), request.body);
    if (reply.streamed) {
      AppendHead(200, "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked",
                 connection.close_after, connection.out);
      connection.streaming = true;
      connection.next_event = 0;
    } else {
      AppendHead(
          reply.status,
          "Content-Type: application/json\r\nContent-Length: " + std::to_string(reply.body.size()),
          connection.close_after, connection.out);
      connection.out += reply.body;
    }
    connection.in.erase(0, request.size);
    if (connection.streaming) StreamOn(connection);
  }
}

// Appends the events that may go now.
void UpstreamServer::StreamOn(Connection& connection) {
  do {
    AppendChunk(provider_.StreamEvent(connection.next_event, std::chrono::steady_clock::now()),
                connection.out);
    if (++connection.next_event == provider_.stream_events()) {
      connection.out += "0\r\n\r\n";
      connection.streaming = false;
      return;
    }
  } while (stream_interval_.count() == 0);
  due_.push_back(
      {std::chrono::steady_clock::now() + stream_interval_, connection.fd, connection.serial});
}

void UpstreamServer::RunDue() {
  const auto now = std::chrono::steady_clock::now();
  while (!due_.empty() && due_.front().when <= now) {
    const Due due = due_.front();
    due_.pop_front();
    const auto found = connections_.find(due.fd);
    if (found == connections_.end() || found->second->serial != due.serial) continue;
    Connection& connection = *found->second;
    StreamOn(connection);
    AnswerWhatArrived(connection);
    Flush(connection);
  }
}

int UpstreamServer::MillisToNextDue() const {
  if (due_.empty()) return -1;
  const auto left = due_.front().when - std::chrono::steady_clock::now();
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return millis < 0 ? 0 : static_cast<int>(millis);
}

// Sends what the socket takes; what is left goes when it has room. May destroy `connection`.
void UpstreamServer::Flush(Connection& connection) {
  while (connection.sent < connection.out.size()) {
    const ssize_t size = ::send(connection.fd, connection.out.data() + connection.sent,
                                connection.out.size() - connection.sent, MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno != EAGAIN) {
      Close(connection);
      return;
    }
    if (size < 0) break;
    connection.sent += static_cast<std::size_t>(size);
  }
  const bool all_sent = connection.sent == connection.out.size();
  if (all_sent) {
    connection.out.clear();
    connection.sent = 0;
    if (connection.close_after && !connection.streaming) {
      Close(connection);
      return;
    }
  }
  if (connection.waits_for_room == !all_sent) return;
  connection.waits_for_room = !all_sent;
  epoll_event event{};
  event.events = all_sent ? EPOLLIN : EPOLLOUT;  // a client that does not read is not read from
  event.data.fd = connection.fd;
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, connection.fd, &event);
}

void UpstreamServer::Close(Connection& connection) {
  const int fd = connection.fd;
  ::close(fd);
  connections_.erase(fd);
}

}  // namespace larder::bench
