// bench_bare: the least that a server can do. Answers each request with the bytes that it got on
// standard input: one thread, an epoll loop, one recv and one send a request. Takes what one recv
// brings for one whole request, which holds for wrk: it sends each in one piece and waits for the
// answer. Prints the port; ends on SIGTERM.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "bench/arguments.h"
#include "bench/standard_input.h"

namespace {

int Listen(std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  if (::bind(fd, generic, size) != 0 || ::listen(fd, 4096) != 0 ||
      ::getsockname(fd, generic, &size) != 0) {
    return -1;
  }
  port = ntohs(address.sin_port);
  return fd;
}

bool Watch(int epoll_fd, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  return ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Accept(int epoll_fd, int listen_fd) {
  const int fd = ::accept4(listen_fd, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  Watch(epoll_fd, fd);
}

// One request, one answer. A blocking send: the client reads, so it waits for no one.
void Answer(int fd, std::string_view answer) {
  std::array<char, 64 * 1024> request;
  const ssize_t size = ::recv(fd, request.data(), request.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0 || ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) !=
                       static_cast<ssize_t>(answer.size())) {
    ::close(fd);
  }
}

}  // namespace

int main(int argc, char** argv) {
  auto arguments = larder::bench::ReadArguments(argc, argv, {{"--port", 0}});
  const std::string answer = larder::bench::StandardInput();
  auto port = static_cast<std::uint16_t>(arguments["--port"]);
  const int listen_fd = Listen(port);
  const int epoll_fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (listen_fd < 0 || !Watch(epoll_fd, listen_fd)) {
    std::fprintf(stderr, "cannot listen: %s\n", std::strerror(errno));
    return 1;
  }
  std::printf("%d\n", port);
  std::fflush(stdout);
  std::array<epoll_event, 256> events{};
  while (true) {
    const int count = ::epoll_wait(epoll_fd, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listen_fd) {
        Accept(epoll_fd, listen_fd);
      } else {
        Answer(fd, answer);
      }
    }
  }
}
