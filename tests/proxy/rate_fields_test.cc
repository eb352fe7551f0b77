#include "proxy/access/rate_fields.h"

#include <gmock/gmock.h>

#include "proxy/access/limited_path.h"

namespace larder {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::HasSubstr;

TEST(RateFieldsTest, ResetsAreWrittenAsOpenAiDoes) {
  const auto text = [](std::int64_t ms) {
    std::string out;
    AppendReset(milliseconds(ms), out);
    return out;
  };
  EXPECT_EQ(text(0), "0s");
  EXPECT_EQ(text(-5), "0s");
  EXPECT_EQ(text(17), "17ms");
  EXPECT_EQ(text(1000), "1s");
  EXPECT_EQ(text(1050), "1.05s");
  EXPECT_EQ(text(63'500), "1m3.5s");
  EXPECT_EQ(text(60'000), "1m0s");
  EXPECT_EQ(text(3'600'000), "1h0m0s");
  EXPECT_EQ(text(93'603'007), "26h0m3.007s");
}

TEST(RateFieldsTest, ReplaceUpstreamsAndAreTheSameAsLines) {
  RateState state;
  state.requests = RateState::Of{60, 59, milliseconds(60'000)};
  Headers headers{
      {"X-RateLimit-Limit-Tokens", "9"}, {"x-ratelimit-remaining-requests", "7"}, {"x-other", "1"}};
  SetRateFields(state, headers);
  std::string lines;
  AppendRateFields(state, lines);
  std::string same;
  for (const auto& [name, value] : headers.fields()) {
    if (name != "x-other") same += name + ": " + value + "\r\n";
  }
  EXPECT_EQ(lines, same);
  EXPECT_EQ(headers.size(), 4U);
  EXPECT_EQ(headers.Find("x-ratelimit-reset-requests"), "1m0s");
}

TEST(RateFieldsTest, UpstreamsStayWhereNothingLimits) {
  Headers headers{{"x-ratelimit-limit-tokens", "9"}};
  SetRateFields({}, headers);
  EXPECT_TRUE(headers.Has("x-ratelimit-limit-tokens"));
}

TEST(RateFieldsTest, ARefusalNamesItsLimitAndNeverAsksForMoreThanAMinute) {
  const Response minute =
      RenderRefused({false, LimitKind::kRequestsMinute, 3, milliseconds(12'300)}, "/embeddings");
  EXPECT_EQ(minute.status, 429);
  EXPECT_EQ(minute.headers.Find("retry-after"), "13");
  EXPECT_EQ(minute.headers.Find("retry-after-ms"), "12300");
  EXPECT_FALSE(minute.headers.Has("x-should-retry"));
  EXPECT_THAT(minute.body, HasSubstr("the limit of 3 requests in a minute is reached for "
                                     "/embeddings; try again in 12.3s"));
  EXPECT_THAT(minute.body, HasSubstr(R"("type":"rate_limit_error")"));
  EXPECT_THAT(minute.body, HasSubstr(R"("code":"rate_limit_exceeded")"));
  const Response hour =
      RenderRefused({false, LimitKind::kTokensHour, 5, milliseconds(3'000'000)}, "/responses");
  EXPECT_EQ(hour.headers.Find("retry-after"), "60");
  EXPECT_EQ(hour.headers.Find("retry-after-ms"), "60000");
  EXPECT_THAT(hour.body, HasSubstr("5 tokens in an hour"));
}

TEST(RateFieldsTest, ABudgetThatIsUsedUpIsNotToBeTriedAgain) {
  for (const milliseconds wait : {milliseconds(hours(48)), milliseconds::max()}) {
    const Response refused = RenderRefused({false, LimitKind::kBudget, 0, wait}, "/responses");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.headers.Find("x-should-retry"), "false");
    EXPECT_EQ(refused.headers.Find("retry-after"), "60");
    EXPECT_THAT(refused.body, HasSubstr(R"("code":"insufficient_quota")"));
  }
}

TEST(LimitedPathTest, IsTheSameHoweverItIsSpelled) {
  for (const char* path : {"/chat/completions", "/chat/completions/", "//chat//completions",
                           "/%63hat/completions", "/chat%2fcompletions", "/chat/completions//"}) {
    EXPECT_EQ(LimitedPath(path), "/chat/completions") << path;
  }
  EXPECT_EQ(LimitedPath("/"), "/");
  EXPECT_EQ(LimitedPath(""), "");
  EXPECT_EQ(LimitedPath("//"), "/");
}

}  // namespace
}  // namespace larder
