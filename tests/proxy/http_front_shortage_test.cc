// A front that is refused descriptors or memory goes on, and whoever it cannot serve is told.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <new>

#include "tests/proxy/http_front_fixture.h"
#include "tests/support/sanitized.h"

namespace larder {
namespace {

// While it lives, this process can open no descriptor.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int probe = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const rlimit limit = {static_cast<rlim_t>(probe) + 64, before_.rlim_max};
    ::close(probe);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    for (int fd; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken_.push_back(fd);
  }
  ~NoDescriptors() {
    ::setrlimit(RLIMIT_NOFILE, &before_);
    for (const int fd : taken_) ::close(fd);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_ = {};
  std::vector<int> taken_;
};

class FrontShortageTest : public FrontTest {
 protected:
  FrontShortageTest() { options_.loops = 1; }

  // A client whose descriptor is there before it connects.
  static RawClient Unconnected() {
    return RawClient(RawClient::Accepted{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), {}});
  }
  void Connect(const RawClient& client) const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(front_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(client.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
              0);
  }
  static constexpr const char* kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
};

TEST_F(FrontShortageTest, WithoutDescriptorsAnIdleConnectionMakesRoomForANewOne) {
  // UBSan looks at memory through a pipe, and takes what it cannot look at for no object.
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  const Running running = Start();
  RawClient idle(front_->port());
  idle.Send(kGet);
  ASSERT_EQ(idle.ReadResponse().status(), 200);
  RawClient next = Unconnected();
  const NoDescriptors none;
  Connect(next);
  next.Send(kGet);
  EXPECT_EQ(next.ReadResponse().status(), 200);
  EXPECT_EQ(idle.ReadResponse().status(), 0) << "it was closed";
}

TEST_F(FrontShortageTest, WithoutDescriptorsAndIdleConnectionsAClientIsTold) {
  // UBSan looks at memory through a pipe, and takes what it cannot look at for no object.
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  const Running running = Start();
  RawClient fresh(front_->port());  // has yet to say something: it is not given up
  while (front_->connections() == 0) std::this_thread::yield();
  RawClient next = Unconnected();
  {
    const NoDescriptors none;
    Connect(next);
    next.Send(kGet);
    const RawMessage refusal = next.ReadResponse();
    EXPECT_EQ(refusal.status(), 503);
    EXPECT_NE(refusal.body.find("no descriptors left"), std::string::npos) << refusal.body;
    fresh.Send(kGet);
    EXPECT_EQ(fresh.ReadResponse().status(), 200);
  }
  RawClient later(front_->port());
  later.Send(kGet);
  EXPECT_EQ(later.ReadResponse().status(), 200);
}

TEST_F(FrontShortageTest, AHandlerThatIsRefusedMemoryFailsForItsClientAlone) {
  const auto refused = [](const Request&) -> Response { throw std::bad_alloc(); };
  handler_.On("/loop", refused, kOnLoop);
  handler_.On("/worker", refused);
  handler_.On("/fiber", refused,
              {.whole_body = true, .max_body_bytes = 0, .on_loop = false, .on_fiber = true});
  const Running running = Start();
  for (const char* path : {"/loop", "/worker", "/fiber"}) {
    RawClient client(front_->port());
    client.Send("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    const RawMessage refusal = client.ReadResponse();
    EXPECT_EQ(refusal.status(), 503) << path;
    EXPECT_NE(refusal.body.find("refused memory"), std::string::npos) << refusal.body;
    client.Send(kGet);
    EXPECT_EQ(client.ReadResponse().status(), 200) << path;
  }
}

}  // namespace
}  // namespace larder
