#include "proxy/upstream/tcp_dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace larder {

TcpDial::~TcpDial() {
  Stop();
}

void TcpDial::Start(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout,
                    Done done) {
  host_ = host;
  done_ = std::move(done);
  deadline_ = clock_.Monotonic() + timeout;
  attempt_deadline_ = deadline_;
  auto found = resolver_.Find(
      host, port, [link = link_, weak = weak_from_this()](const Result<SocketAddresses>& later) {
        link->Post([weak, later] {
          if (const auto self = weak.lock()) self->OnResolved(later);
        });
      });
  if (found) OnResolved(*std::move(found));
}

void TcpDial::Stop() {
  done_ = nullptr;
  CloseSocket();
}

void TcpDial::CloseSocket() {
  if (fd_ < 0) return;
  loop_.Unwatch(fd_);
  ::close(std::exchange(fd_, -1));
}

void TcpDial::Finish(Result<int> fd) {
  if (const Done done = std::exchange(done_, nullptr)) done(std::move(fd));
}

void TcpDial::OnResolved(Result<SocketAddresses> found) {
  if (!done_) return;
  if (!found.ok()) {
    Finish(found.error());
    return;
  }
  addresses_ = std::move(found).value();
  TryNext();
}

void TcpDial::TryNext() {
  while (next_ < addresses_.size()) {
    const SocketAddress& address = addresses_[next_];
    const MonoTime now = clock_.Monotonic();
    attempt_deadline_ = now + (deadline_ - now) / static_cast<long>(addresses_.size() - next_);
    ++next_;
    fd_ = ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) {
      reason_ = std::strerror(errno);
      continue;
    }
    const int one = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address.bytes), address.size) == 0) {
      Finish(std::exchange(fd_, -1));
      return;
    }
    if (errno == EINPROGRESS) {
      const Status watched = loop_.Watch(fd_, EPOLLOUT, [this](std::uint32_t) { OnConnected(); });
      if (watched.ok()) return;
      reason_ = watched.error().message;
    } else {
      reason_ = std::strerror(errno);
    }
    ::close(std::exchange(fd_, -1));
  }
  resolver_.Forget(host_);
  Finish(UpstreamError(ErrorCode::kUnavailable, "upstream: could not connect: " + reason_));
}

void TcpDial::OnConnected() {
  const auto self = shared_from_this();  // whoever gets the socket lets go
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) {
    loop_.Unwatch(fd_);
    Finish(std::exchange(fd_, -1));
    return;
  }
  reason_ = std::strerror(error);
  CloseSocket();
  TryNext();
}

void TcpDial::OnTick(MonoTime now) {
  if (!done_) return;
  if (now > deadline_) {
    CloseSocket();
    Finish(UpstreamError(ErrorCode::kUnavailable,
                         "upstream: no connection within the connect timeout"));
  } else if (fd_ >= 0 && now > attempt_deadline_ && next_ < addresses_.size()) {
    reason_ = "no answer";
    CloseSocket();
    TryNext();
  }
}

}  // namespace larder
