// Limits and budgets of a whole server, over restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/app.h"
#include "app/http_client.h"
#include "base/sha256.h"
#include "tests/support/started_app.h"

namespace larder {
namespace {

using testing::HasSubstr;

class CallerAccessTest : public StartedAppTest {
 protected:
  CallerAccessTest() : StartedAppTest(LogFormat::kText, LogLevel::kError) {
    ConfiguredKey key;
    key.name = "team";
    key.sha256 = ToHex(Sha256Of(kSecret));
    key.budget_tokens = 1;
    key.budget_period = BudgetPeriod::kTotal;
    config_.keys = {key};
  }
  static int Embed(const App& app, const std::string& input) {
    const auto reply = CallServer(app.address(), "POST", "/v1/embeddings",
                                  Headers{{"authorization", std::string("Bearer ") + kSecret}},
                                  R"({"model":"larder-hash-384","input":")" + input + "\"}");
    return reply.ok() ? reply->status : 0;
  }
  static std::string Get(const App& app, const std::string& path) {
    const auto reply = CallServer(app.address(), "GET", path, {}, "");
    return reply.ok() ? reply->body : reply.error().message;
  }
  static constexpr const char* kSecret = "sk-a-secret-of-our-own";
};

TEST_F(CallerAccessTest, ABudgetThatIsUsedUpStaysSoOverARestart) {
  auto app = Started();
  ASSERT_NE(app, nullptr);
  EXPECT_EQ(Embed(*app, "one"), 200);
  EXPECT_EQ(Embed(*app, "two"), 429);
  app.reset();
  app = Started();
  ASSERT_NE(app, nullptr);
  EXPECT_EQ(Embed(*app, "two"), 429);
  EXPECT_THAT(Get(*app, "/metrics"), HasSubstr("larder_rate_limited_total{limit=\"budget\"} 1\n"));
  EXPECT_THAT(Get(*app, "/metrics"), HasSubstr("larder_limited_callers 1\n"));
}

TEST_F(CallerAccessTest, WhenAKeyWasUsedIsKnownAfterARestart) {
  auto app = Started();
  ASSERT_NE(app, nullptr);
  EXPECT_THAT(Get(*app, "/admin/v1/keys"), HasSubstr(R"("last_used_at":null)"));
  Embed(*app, "one");
  app.reset();
  app = Started();
  ASSERT_NE(app, nullptr);
  const std::string keys = Get(*app, "/admin/v1/keys");
  EXPECT_THAT(keys, testing::Not(HasSubstr(R"("last_used_at":null)")));
  EXPECT_THAT(keys, HasSubstr(R"("id":"config:team")"));
}

}  // namespace
}  // namespace larder
