#include "app/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "tests/support/temp_dir.h"

namespace larder {
namespace {

// A datagram socket at `path`, as systemd has one.
int Listen(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

TEST(ServiceManagerTest, IsToldWhereItAskedToBeTold) {
  const TempDir dir;
  const std::string path = dir.path() + "/notify";
  const int fd = Listen(path);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  TellServiceManager("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
  std::array<char, 64> text{};
  const ssize_t size = ::recv(fd, text.data(), text.size(), MSG_DONTWAIT);
  ::close(fd);
  EXPECT_EQ(std::string(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0), "READY=1");
}

TEST(ServiceManagerTest, WithoutOneNothingHappens) {
  for (const char* where : {"", "no/path", "/no/such/socket"}) {
    ::setenv("NOTIFY_SOCKET", where, 1);
    TellServiceManager("READY=1");
  }
  ::unsetenv("NOTIFY_SOCKET");
  TellServiceManager("READY=1");
}

}  // namespace
}  // namespace larder
