#include "proxy/http/front.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <future>
#include <utility>

namespace larder {
namespace {

constexpr int kTickMillis = 100;
constexpr int kBacklog = 4096;
constexpr std::size_t kClosedAtOnce = 16;  // idle connections that make room for others

int OpenSpare() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

std::string PeerOf(const sockaddr_storage& address) {
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  const socklen_t size = address.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host, sizeof(host), port,
                    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "unknown";
  }
  const bool six = address.ss_family == AF_INET6;
  return (six ? "[" : "") + std::string(host) + (six ? "]:" : ":") + port;
}

}  // namespace

Front::Loop::~Loop() {
  if (spare_fd >= 0) ::close(spare_fd);
}

Front::Front(FrontOptions options, HttpHandler& handler, const Clock& clock)
    : options_(std::move(options)),
      handler_(handler),
      clock_(clock),
      workers_(options_.workers),
      context_{options_.connection, handler_, workers_, clock_, nullptr, [this] {
                 return draining_.load(std::memory_order_relaxed);
               }} {}

Front::~Front() {
  Stop();
}

Status Front::Bind() {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(options_.port);
  if (const int failed = ::getaddrinfo(options_.host.c_str(), port.c_str(), &hints, &found);
      failed != 0) {
    return Error{ErrorCode::kUnavailable, ErrorOrigin::kSelf,
                 "cannot listen on " + options_.host + ": " + ::gai_strerror(failed)};
  }
  std::string reason = "no address";
  for (const addrinfo* address = found; address != nullptr && listen_fd_ < 0;
       address = address->ai_next) {
    const int fd = ::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      reason = std::strerror(errno);
      continue;
    }
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (::bind(fd, address->ai_addr, address->ai_addrlen) == 0 && ::listen(fd, kBacklog) == 0) {
      listen_fd_ = fd;
    } else {
      reason = std::strerror(errno);
      ::close(fd);
    }
  }
  ::freeaddrinfo(found);
  if (listen_fd_ < 0) {
    return Error{ErrorCode::kUnavailable, ErrorOrigin::kSelf,
                 "cannot listen on " + options_.host + ":" + port + ": " + reason +
                     "; choose another address with --listen HOST:PORT"};
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  ::getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&bound), &size);
  port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                            : reinterpret_cast<sockaddr_in&>(bound).sin_port);
  return {};
}

Status Front::ReloadCertificate() {
  return tls_ == nullptr ? Status() : tls_->Reload();
}

Status Front::Start() {
  if (options_.tls.enabled()) {
    LARDER_ASSIGN_OR_RETURN(tls_, TlsServer::Load(options_.tls));
    context_.tls = tls_.get();
  }
  LARDER_RETURN_IF_ERROR(Bind());
  if (Status made = MakeLoops(); !made.ok()) {
    loops_.clear();
    ::close(std::exchange(listen_fd_, -1));
    return made;
  }
  for (const auto& loop : loops_) {
    Loop& self = *loop;
    loop->events->Start([this, &self] { Tick(self); }, kTickMillis);
  }
  return {};
}

Status Front::MakeLoops() {
  const std::size_t count =
      options_.loops > 0 ? options_.loops : std::max(1U, std::thread::hardware_concurrency());
  context_.max_fibers = (options_.max_requests + count - 1) / count;
  for (std::size_t i = 0; i < count; ++i) {
    auto loop = std::make_unique<Loop>();
    LARDER_ASSIGN_OR_RETURN(loop->events, EventLoop::Create());
    Loop& self = *loop;
    // EXCLUSIVE: a new connection wakes one loop, not all.
    LARDER_RETURN_IF_ERROR(loop->events->Watch(listen_fd_, EPOLLIN | EPOLLEXCLUSIVE,
                                               [this, &self](std::uint32_t) { Accept(self); }));
    loop->accepting = true;
    loop->spare_fd = OpenSpare();
    loops_.push_back(std::move(loop));
  }
  return {};
}

void Front::Accept(Loop& loop) {
  // A few at a time, so that other loops get their share.
  for (int i = 0; i < 16; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    const int fd = ::accept4(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      AddConnection(loop, fd, PeerOf(address));
      continue;
    }
    if ((errno == EMFILE || errno == ENFILE) && MakeRoom(loop)) continue;
    // Out of descriptors or memory: try again at the next tick. All else concerns one connection.
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      PauseAccepting(loop);
      return;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || draining_.load()) return;
  }
}

// Idle connections end first; without one the client that waits is answered, for it is better told
// than left hanging.
bool Front::MakeRoom(Loop& loop) {
  std::vector<std::shared_ptr<Connection>> idle;
  for (const auto& [fd, connection] : loop.connections) {
    if (connection->spare()) idle.push_back(connection);
    if (idle.size() == kClosedAtOnce) break;
  }
  for (const auto& connection : idle) connection->Close();
  if (!idle.empty()) return true;
  if (loop.spare_fd < 0) return false;
  ::close(std::exchange(loop.spare_fd, -1));
  const int fd = ::accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) Refuse(fd, "the server has no descriptors left; retry shortly, or raise ulimit -n");
  loop.spare_fd = OpenSpare();
  return fd >= 0;
}

void Front::PauseAccepting(Loop& loop) {
  if (!loop.accepting) return;
  loop.events->Unwatch(listen_fd_);
  loop.accepting = false;
}

void Front::AddConnection(Loop& loop, int fd, std::string peer) {
  if (connections_.fetch_add(1) >= options_.max_connections) {
    --connections_;
    Refuse(fd,
           "the server is at its limit of connections; retry shortly, or raise "
           "server.max_connections");
    return;
  }
  // Not by make_shared: timers hold weak pointers until their time has come, and would hold the
  // memory of a connection that is long closed.
  std::shared_ptr<Connection> connection(
      new Connection(fd, std::move(peer), *loop.events, context_, [this, &loop](int closed) {
        loop.connections.erase(closed);
        --connections_;
      }));
  loop.connections[fd] = connection;
  connection->Start();
}

void Front::Refuse(int fd, std::string_view why) const {
  if (tls_ != nullptr) {  // a handshake for a refusal would cost more than it tells
    ::close(fd);
    return;
  }
  Response full = handler_.RenderFrontError(503, why);
  full.headers.Set("retry-after", "1");
  std::string bytes;
  AppendResponseHead(full, BodyFraming::kLength, false, HttpDate(clock_.Now()), bytes);
  bytes += full.body;
  (void)::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  ::shutdown(fd, SHUT_WR);
  // What has come in is taken, for closing over it would reset the answer on its way.
  char dropped[4096];
  int pieces = 0;
  while (pieces < 16 && ::recv(fd, dropped, sizeof(dropped), 0) > 0) ++pieces;
  ::close(fd);
}

void Front::Tick(Loop& loop) {
  if (draining_.load()) {
    PauseAccepting(loop);
  } else if (!loop.accepting) {
    loop.accepting = loop.events
                         ->Watch(listen_fd_, EPOLLIN | EPOLLEXCLUSIVE,
                                 [this, &loop](std::uint32_t) { Accept(loop); })
                         .ok();
  }
  if (loop.spare_fd < 0) loop.spare_fd = OpenSpare();
  const MonoTime now = clock_.Monotonic();
  Connection::CheckDeadlines(*loop.events, context_, now);
  if (!draining_.load()) return;
  // Idle ones end now, and what was under way at the beginning of the drain becomes idle.
  std::vector<std::shared_ptr<Connection>> connections;
  connections.reserve(loop.connections.size());
  for (const auto& [fd, connection] : loop.connections) connections.push_back(connection);
  for (const auto& connection : connections) connection->OnTick(now);
}

void Front::RunOnLoops(const std::function<void(Loop&)>& task) {
  for (const auto& loop : loops_) {
    // Owned by the task too, which may still be inside set_value when the wait is over.
    const auto done = std::make_shared<std::promise<void>>();
    loop->events->Post([done, &task, &loop = *loop] {
      task(loop);
      done->set_value();
    });
    done->get_future().wait();
  }
}

bool Front::Drain(MonoTime deadline) {
  draining_ = true;
  RunOnLoops([this](Loop& loop) { PauseAccepting(loop); });
  // Clients are refused from now on, instead of waiting in the backlog for nobody.
  ::shutdown(listen_fd_, SHUT_RDWR);
  // Each loop's tick closes its idle connections; a busy one ends with its answer.
  while (connections_.load() > 0 && clock_.Monotonic() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return connections_.load() == 0;
}

void Front::Stop() {
  if (listen_fd_ < 0) return;
  draining_ = true;
  RunOnLoops([this](Loop& loop) {
    PauseAccepting(loop);
    while (!loop.connections.empty()) {
      const auto connection = loop.connections.begin()->second;
      connection->Close();
    }
  });
  workers_.Stop();
  std::size_t waiting = 0;
  do {
    waiting = 0;
    RunOnLoops([&](Loop& loop) { waiting += loop.events->fibers().alive(); });
    if (waiting > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  } while (waiting > 0);
  // What the last handlers posted still runs: it tells them that nothing was sent.
  RunOnLoops([](Loop&) {});
  for (const auto& loop : loops_) loop->events->Stop();
  loops_.clear();
  ::close(std::exchange(listen_fd_, -1));
}

}  // namespace larder
