#include "app/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "tests/support/fake_larder.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::Not;

class ClientTest : public testing::Test {
 protected:
  ClientTest() { ::setenv("LARDER_ADMIN_TOKEN", "the-token", 1); }
  ~ClientTest() override {
    ::unsetenv("LARDER_ADMIN_TOKEN");
    ::unsetenv("OPENAI_API_KEY");
  }
  std::string ConfigFile(const std::string& text) {
    std::ofstream(dir_.path() + "/larder.toml") << text;
    return dir_.path() + "/larder.toml";
  }

  TempDir dir_;
};

TEST_F(ClientTest, TheTokenGoesToThisMachine) {
  ClientOptions options;
  options.config_file = ConfigFile("[server]\nlisten = '127.0.0.1:99'\n");
  const auto session = Session::Open(options);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->server, "http://127.0.0.1:99");
  EXPECT_EQ(session->admin.Find("authorization"), "Bearer the-token");
}

TEST_F(ClientTest, AnAddressOfAllInterfacesIsAskedOnLoopback) {
  ClientOptions options;
  options.config_file = ConfigFile("[server]\nlisten = '0.0.0.0:99'\n");
  EXPECT_EQ(Session::Open(options)->server, "http://127.0.0.1:99");
  options.config_file = ConfigFile("[server]\nlisten = '[::]:99'\n");
  EXPECT_EQ(Session::Open(options)->server, "http://[::1]:99");
}

TEST_F(ClientTest, TheAdminApiIsFoundAtItsOwnAddress) {
  ClientOptions options;
  options.config_file =
      ConfigFile("[server]\nlisten = '127.0.0.1:99'\n[admin]\nlisten = '0.0.0.0:98'\n");
  EXPECT_EQ(Session::Open(options)->server, "http://127.0.0.1:98");
  EXPECT_EQ(Session::Open(options)->api, "http://127.0.0.1:99");
  options.server = "http://127.0.0.1:97/";
  EXPECT_EQ(Session::Open(options)->server, "http://127.0.0.1:97");
  EXPECT_EQ(Session::Open(options)->api, "http://127.0.0.1:97");
}

TEST_F(ClientTest, NoSecretGoesInTheClearToAnotherMachineUnlessItIsNamed) {
  ::setenv("OPENAI_API_KEY", "the-key", 1);
  ClientOptions options;
  options.config_file = ConfigFile("[server]\nlisten = '192.0.2.7:99'\n");
  testing::internal::CaptureStderr();
  const auto session = Session::Open(options);
  const std::string told = testing::internal::GetCapturedStderr();
  ASSERT_TRUE(session);
  EXPECT_FALSE(session->admin.Has("authorization"));
  EXPECT_FALSE(session->on_behalf.Has("x-larder-authorization"));
  EXPECT_THAT(told, HasSubstr("--server"));
  EXPECT_THAT(told, Not(HasSubstr("the-token")));

  options.server = "http://192.0.2.7:99";
  const auto named = Session::Open(options);
  EXPECT_EQ(named->admin.Find("authorization"), "Bearer the-token");
  EXPECT_EQ(named->on_behalf.Find("x-larder-authorization"), "Bearer the-key");
}

TEST_F(ClientTest, AServerThatIsNoUrlIsRefused) {
  ClientOptions options;
  options.server = "127.0.0.1:99";
  testing::internal::CaptureStderr();
  EXPECT_FALSE(Session::Open(options));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("must be http://HOST:PORT"));
}

TEST(HttpClientTest, LoopbackIsTheHostItselfAndNoNameThatLooksLikeIt) {
  for (const char* url : {"http://127.0.0.1:8787", "https://127.9.9.9", "http://localhost:1/x",
                          "http://[::1]:8787", "http://[::1]"}) {
    EXPECT_TRUE(IsLoopbackUrl(url)) << url;
  }
  for (const char* url :
       {"http://127.0.0.1.example.com", "http://localhost.example.com", "http://192.0.2.1",
        "http://[::1].example.com", "http://127.0.0.1@example.com", "127.0.0.1:1", ""}) {
    EXPECT_FALSE(IsLoopbackUrl(url)) << url;
  }
}

TEST(HttpClientTest, QueriesArePercentEncodedAndArriveSo) {
  EXPECT_EQ(QueryOf({{"a", "b c+&=\xc3\xa9"}, {"none", ""}, {"z", "1"}}),
            "?a=b%20c%2B%26%3D%C3%A9&z=1");
  FakeLarder server;
  server.Answer("GET", "/x", {});
  ASSERT_TRUE(CallServer(server.url(), "GET", "/x" + QueryOf({{"q", "a+b c"}})).ok());
  EXPECT_EQ(server.calls().at(0).query, "q=a%2Bb%20c");
}

TEST(HttpClientTest, AStreamIsGivenPieceByPieceAndAnErrorIsKeptWhole) {
  FakeLarder server;
  server.Answer("GET", "/stream", {200, "text/plain", "", {"one ", "two"}});
  server.Answer("GET", "/refused", {400, "application/json", "", {"{\"er", "ror\":1}"}});
  std::string taken;
  const auto take = [&](std::string_view bytes) {
    taken += bytes;
    return true;
  };
  const auto reply = StreamFromServer(server.url(), {"GET", "/stream"}, take);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(taken, "one two");
  EXPECT_EQ(reply->body, "");
  const auto refused = StreamFromServer(server.url(), {"GET", "/refused"}, take);
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->status, 400);
  EXPECT_EQ(refused->body, "{\"error\":1}");
  EXPECT_EQ(taken, "one two");
}

TEST(HttpClientTest, WhoTakesAStreamMayEndIt) {
  FakeLarder server;
  server.Answer("GET", "/stream", {.content_type = "text/plain", .pieces = {"one "}, .open = true});
  const auto reply =
      StreamFromServer(server.url(), {"GET", "/stream"}, [](std::string_view) { return false; });
  EXPECT_TRUE(reply.ok());
}

TEST(HttpClientTest, ABrokenStreamIsAnError) {
  FakeLarder server;
  server.Answer("GET", "/stream",
                {.content_type = "text/plain", .pieces = {"one "}, .broken = true});
  const auto reply =
      StreamFromServer(server.url(), {"GET", "/stream"}, [](std::string_view) { return true; });
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
}

TEST(HttpClientTest, AnInterruptEndsAStreamThatIsSilent) {
  FakeLarder server;
  server.Answer("GET", "/stream", {.content_type = "text/plain", .pieces = {"one "}, .open = true});
  Interrupt interrupt;
  ClientRequest request{"GET", "/stream"};
  request.interrupt = &interrupt;
  const auto reply = StreamFromServer(server.url(), request, [&](std::string_view) {
    interrupt.Trigger();
    return true;
  });
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kCancelled);
}

TEST(HttpClientTest, NobodyThereIsToldWithWhatToDo) {
  const auto reply = CallServer("http://127.0.0.1:1", "GET", "/x");
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(reply.error().message, HasSubstr("is larder running there?"));
}

}  // namespace
}  // namespace larder
