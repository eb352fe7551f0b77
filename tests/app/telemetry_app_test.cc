// Telemetry in the whole server: the live tail over a socket, the access log, the restart.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/app.h"
#include "app/http_client.h"
#include "tests/support/raw_client.h"
#include "tests/support/started_app.h"

namespace larder {
namespace {

using testing::HasSubstr;

class TelemetryAppTest : public StartedAppTest {
 protected:
  TelemetryAppTest() : StartedAppTest(LogFormat::kJson, LogLevel::kInfo) {}
  static void Embed(const App& app) {
    const auto reply = CallServer(app.address(), "POST", "/v1/embeddings", {},
                                  R"({"model":"larder-hash-384","input":"a text"})");
    ASSERT_TRUE(reply.ok());
    EXPECT_EQ(reply->status, 200);
  }
  static std::string Get(const App& app, const std::string& path) {
    const auto reply = CallServer(app.address(), "GET", path, {}, "");
    return reply.ok() ? reply->body : reply.error().message;
  }
};

TEST_F(TelemetryAppTest, ALiveTailShowsARequestAsItFinishesAndEndsWithTheServer) {
  auto app = Started();
  ASSERT_NE(app, nullptr);
  const std::string& address = app->address();
  RawClient tail(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  tail.Send("GET /admin/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(tail.ReadUntil(":\n\n").value_or(""), HasSubstr("text/event-stream"));
  Embed(*app);
  EXPECT_THAT(tail.ReadUntil("\"collapsed\":").value_or(""),
              HasSubstr("id: 1\nevent: request\ndata: {"));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(app->Stop()) << "the drain must not wait for a tail";
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_THAT(tail.ReadToEnd(), HasSubstr("0\r\n\r\n")) << "its body ends as it should";
}

TEST_F(TelemetryAppTest, EveryRequestHasALineWhenTheServerHasStopped) {
  config_.log_requests = true;
  auto app = Started();
  ASSERT_NE(app, nullptr);
  testing::internal::CaptureStderr();
  for (int i = 0; i < 5; ++i) Embed(*app);
  app->Stop();
  const std::string log = testing::internal::GetCapturedStderr();
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = log.find("\"message\":\"request\"", at)) != std::string::npos;
       ++at) {
    ++lines;
  }
  EXPECT_EQ(lines, 5U);
  EXPECT_THAT(log, HasSubstr("\"seq\":5,"));
}

TEST_F(TelemetryAppTest, StatisticsSurviveARestart) {
  auto app = Started();
  ASSERT_NE(app, nullptr);
  for (int i = 0; i < 3; ++i) Embed(*app);
  app.reset();
  app = Started();
  ASSERT_NE(app, nullptr);
  EXPECT_THAT(Get(*app, "/admin/v1/stats?window=1h"), HasSubstr(R"("inputs":3,"input_hits":2)"));
  EXPECT_THAT(Get(*app, "/admin/v1/stats?window=30d"), HasSubstr(R"("inputs":3,"input_hits":2)"));
}

TEST_F(TelemetryAppTest, NothingIsCountedWhenItIsOff) {
  config_.telemetry.enabled = false;
  auto app = Started();
  ASSERT_NE(app, nullptr);
  Embed(*app);
  EXPECT_THAT(Get(*app, "/admin/v1/stats"), HasSubstr(R"("requests":{"total":0,"by_route":{})"));
}

}  // namespace
}  // namespace larder
