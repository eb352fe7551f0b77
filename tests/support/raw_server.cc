#include "tests/support/raw_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace larder {
namespace {

// A bound loopback socket and its port.
int Bind(std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return fd;
}

}  // namespace

RawServer::RawServer(Script script) : script_(std::move(script)) {
  listen_fd_ = Bind(port_);
  ::listen(listen_fd_, 256);
  acceptor_ = std::thread([this] { Accept(); });
}

RawServer::~RawServer() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  ::shutdown(listen_fd_, SHUT_RDWR);  // wakes accept
  acceptor_.join();
  {
    MutexLock lock(mutex_);
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
  ::close(listen_fd_);
}

RawServer::Script RawServer::Answering(std::string bytes) {
  return [bytes = std::move(bytes)](RawClient& peer) {
    while (peer.ReadRequest().complete && peer.Send(bytes)) {
    }
  };
}

RawServer::Script RawServer::AnsweringOnce(std::string bytes) {
  return [bytes = std::move(bytes)](RawClient& peer) {
    if (peer.ReadRequest().complete) peer.Send(bytes);
  };
}

std::uint16_t RawServer::UnusedPort() {
  std::uint16_t port = 0;
  ::close(Bind(port));
  return port;
}

void RawServer::Accept() {
  while (true) {
    const int fd = ::accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    MutexLock lock(mutex_);
    if (stopping_) {
      if (fd >= 0) ::close(fd);
      return;
    }
    if (fd < 0) continue;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ++accepted_;
    open_.push_back(fd);
    most_at_once_ = std::max(most_at_once_.load(), open_.size());
    threads_.emplace_back([this, fd] {
      // Forgotten first, so that the destructor never touches a number that is in use again.
      RawClient peer(RawClient::Accepted{fd, [this](int closing) {
                                           MutexLock held(mutex_);
                                           std::erase(open_, closing);
                                         }});
      script_(peer);
    });
  }
}

}  // namespace larder
