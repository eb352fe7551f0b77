// The rules of the response cache as a client sees them, one row each, named after the section of
// the RFC, or the vendor's header, that asks for it. A row: an answer is stored (or not), time
// passes, a request comes, upstream is well or not. What the request gets, and how often upstream
// was asked, is the row's claim.
#include <gmock/gmock.h>

#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using std::chrono::seconds;

constexpr const char* kAsk = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";
constexpr const char* kFirst =
    R"({"choices":[{"message":{"content":"first"},"finish_reason":"stop"}]})";
constexpr const char* kSecond =
    R"({"choices":[{"message":{"content":"second"},"finish_reason":"stop"}]})";
constexpr const char* kBroken = R"({"error":{"message":"down"}})";

enum class Health { kWell, kStatus500, kStatus503, kStatus529, kStatus429, kStatus400, kGone };

struct Rule {
  const char* name;
  Headers first = {};               // of the request whose answer is there; its answer is "first"
  seconds later{0};                 // time that passes
  Headers then = {};                // of the request that is judged
  Health upstream = Health::kWell;  // how upstream answers that one ("second" when well)
  int status = 200;                 // what it gets,
  const char* body = kSecond;
  const char* cache_status = "";  // the whole field
  const char* cf = "MISS";
  std::size_t calls = 2;      // upstream calls in all
  bool stores_second = true;  // the next plain request is answered with "second"
  std::size_t renewals = 0;
};

void PrintTo(const Rule& rule, std::ostream* out) {
  *out << rule.name;
}

class CacheRuleTest : public ProxyTest, public testing::WithParamInterface<Rule> {
 protected:
  void Script(Health how) {
    switch (how) {
      case Health::kWell:
        return upstream().ReplyAlways({.body = kSecond});
      case Health::kStatus500:
        return upstream().ReplyAlways({.status = 500, .body = kBroken});
      case Health::kStatus503:
        return upstream().ReplyAlways({.status = 503, .body = kBroken});
      case Health::kStatus529:
        return upstream().ReplyAlways({.status = 529, .body = kBroken});
      case Health::kStatus429:
        return upstream().ReplyAlways({.status = 429, .body = kBroken});
      case Health::kStatus400:
        return upstream().ReplyAlways({.status = 400, .body = kBroken});
      case Health::kGone:
        return upstream().Fail(ErrorCode::kUnavailable);
    }
  }
};

TEST_P(CacheRuleTest, Holds) {
  const Rule& rule = GetParam();
  upstream().Reply({.body = kFirst});
  ASSERT_EQ(Chat(kAsk, rule.first).body, kFirst);
  clock_.Advance(rule.later);
  Script(rule.upstream);
  const Answer answer = Chat(kAsk, rule.then);
  EXPECT_EQ(answer.status, rule.status);
  if (rule.body != nullptr) {
    EXPECT_EQ(answer.body, rule.body);
  }
  EXPECT_EQ(answer.cache_status(), rule.cache_status);
  EXPECT_EQ(answer.Field("cf-aig-cache-status"), rule.cf);
  EXPECT_EQ(answer.headers.Has("age"), std::string_view(rule.cf) == "HIT");
  EXPECT_EQ(upstream().call_count(), rule.calls);
  EXPECT_EQ(world().renewals(), rule.renewals);
  upstream().ReplyAlways({.body = kBroken});
  EXPECT_EQ(Chat(kAsk, {{"cache-control", "only-if-cached"}}).body == kSecond, rule.stores_second);
}

constexpr const char* kHit = "HIT";

INSTANTIATE_TEST_SUITE_P(
    Rfc9111, CacheRuleTest,
    testing::Values(Rule{.name = "Section4_2_FreshAnswers",
                         .later = seconds(3599),
                         .body = kFirst,
                         .cache_status = "larder; hit; ttl=1",
                         .cf = kHit,
                         .calls = 1,
                         .stores_second = false},
                    Rule{.name = "Section4_2_StaleDoesNotAnswer",
                         .later = seconds(3660),
                         .cache_status = "larder; fwd=stale; fwd-status=200; stored"},
                    Rule{.name = "Section5_2_1_1_MaxAgeRefusesWhatIsOlder",
                         .later = seconds(10),
                         .then = {{"cache-control", "max-age=10"}},
                         .cache_status = "larder; fwd=request; fwd-status=200; stored"},
                    Rule{.name = "Section5_2_1_1_MaxAgeTakesWhatIsYounger",
                         .later = seconds(10),
                         .then = {{"cache-control", "max-age=11"}},
                         .body = kFirst,
                         .cache_status = "larder; hit; ttl=3590",
                         .cf = kHit,
                         .calls = 1,
                         .stores_second = false},
                    Rule{.name = "Section5_2_1_1_MaxAgeZeroAsksAnew",
                         .then = {{"cache-control", "max-age=0"}},
                         .cache_status = "larder; fwd=request; fwd-status=200; stored"},
                    Rule{.name = "Section5_2_1_2_MaxStaleTakesWhatIsStaleByLess",
                         .later = seconds(3600 + 500),
                         .then = {{"cache-control", "max-stale=500"}},
                         .body = kFirst,
                         .cache_status = "larder; hit; ttl=-500",
                         .cf = kHit,
                         .calls = 1,
                         .stores_second = false},
                    Rule{.name = "Section5_2_1_2_MaxStaleRefusesWhatIsStaleByMore",
                         .later = seconds(3600 + 501),
                         .then = {{"cache-control", "max-stale=500"}},
                         .cache_status = "larder; fwd=stale; fwd-status=200; stored"},
                    Rule{.name = "Section5_2_1_2_MaxStaleWithoutNumberTakesAnyAge",
                         .later = seconds(80'000),
                         .then = {{"cache-control", "max-stale"}},
                         .body = kFirst,
                         .cache_status = "larder; hit; ttl=-76400",
                         .cf = kHit,
                         .calls = 1,
                         .stores_second = false},
                    Rule{.name = "Section5_2_1_2_MaxStaleZeroTakesNothingStale",
                         .later = seconds(3601),
                         .then = {{"cache-control", "max-stale=0"}},
                         .cache_status = "larder; fwd=stale; fwd-status=200; stored"},
                    Rule{.name = "Section5_2_1_3_MinFreshRefusesWhatEndsSooner",
                         .later = seconds(3000),
                         .then = {{"cache-control", "min-fresh=601"}},
                         .cache_status = "larder; fwd=request; fwd-status=200; stored"},
                    Rule{.name = "Section5_2_1_3_MinFreshTakesWhatLasts",
                         .later = seconds(3000),
                         .then = {{"cache-control", "min-fresh=600"}},
                         .body = kFirst,
                         .cache_status = "larder; hit; ttl=600",
                         .cf = kHit,
                         .calls = 1,
                         .stores_second = false},
                    Rule{.name = "Section5_2_1_4_NoCacheAsksAnewAndStores",
                         .then = {{"cache-control", "no-cache"}},
                         .cache_status = "larder; fwd=request; fwd-status=200; stored"},
                    Rule{.name = "Section5_2_1_5_NoStoreNeitherReadsNorStores",
                         .then = {{"cache-control", "no-store"}},
                         .cache_status = "larder; fwd=request; fwd-status=200",
                         .stores_second = false},
                    Rule{.name = "Section5_2_1_5_NoStoreLeavesNothingBehind",
                         .first = {{"cache-control", "no-store"}},
                         .cache_status = "larder; fwd=miss; fwd-status=200; stored"},
                    Rule{.name = "Section5_2_1_7_OnlyIfCachedTakesWhatIsThere",
                         .then = {{"cache-control", "only-if-cached"}},
                         .body = kFirst,
                         .cache_status = "larder; hit; ttl=3600",
                         .cf = kHit,
                         .calls = 1,
                         .stores_second = false},
                    Rule{.name = "Section5_2_1_7_OnlyIfCachedIs504WhenNothingIs",
                         .later = seconds(3660),
                         .then = {{"cache-control", "only-if-cached"}},
                         .status = 504,
                         .body = nullptr,
                         .cache_status = "larder; fwd=stale",
                         .calls = 1,
                         .stores_second = false},
                    Rule{.name = "Section5_2_UnknownDirectivesAreIgnored",
                         .then = {{"cache-control", "no-transform, private, x=1"}},
                         .body = kFirst,
                         .cache_status = "larder; hit; ttl=3600",
                         .cf = kHit,
                         .calls = 1,
                         .stores_second = false}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Rfc5861, CacheRuleTest,
    testing::Values(
        Rule{.name = "Section3_StaleAnswersWhileItIsRevalidated",
             .later = seconds(3659),
             .body = kFirst,
             .cache_status = R"(larder; hit; ttl=-59; detail="stale-while-revalidate")",
             .cf = kHit,
             .calls = 1,
             .stores_second = false,
             .renewals = 1},
        Rule{.name = "Section3_NotWhereTheRequestAsksForYounger",
             .later = seconds(3659),
             .then = {{"cache-control", "max-age=3600"}},
             .cache_status = "larder; fwd=stale; fwd-status=200; stored"},
        Rule{.name = "Section3_NotWhereTheRequestAsksForFresh",
             .later = seconds(3659),
             .then = {{"cache-control", "min-fresh=1"}},
             .cache_status = "larder; fwd=stale; fwd-status=200; stored"},
        Rule{.name = "Section3_OnlyIfCachedIsNotRenewed",
             .later = seconds(3659),
             .then = {{"cache-control", "only-if-cached"}},
             .body = kFirst,
             .cache_status = "larder; hit; ttl=-59",
             .cf = kHit,
             .calls = 1,
             .stores_second = false},
        Rule{.name = "Section4_StaleAnswersAfterStatus503",
             .later = seconds(3600 + 86'399),
             .upstream = Health::kStatus503,
             .body = kFirst,
             .cache_status = R"(larder; fwd=stale; fwd-status=503; detail="stale-if-error")",
             .cf = kHit,
             .stores_second = false},
        Rule{.name = "Section4_StaleAnswersAfterStatus500",
             .later = seconds(7200),
             .upstream = Health::kStatus500,
             .body = kFirst,
             .cache_status = R"(larder; fwd=stale; fwd-status=500; detail="stale-if-error")",
             .cf = kHit,
             .stores_second = false},
        Rule{.name = "Section4_StaleAnswersWhenUpstreamIsGone",
             .later = seconds(7200),
             .upstream = Health::kGone,
             .body = kFirst,
             .cache_status = R"(larder; fwd=stale; detail="stale-if-error")",
             .cf = kHit,
             .stores_second = false},
        Rule{.name = "AnthropicsOverloadedIsAFailure",
             .later = seconds(7200),
             .upstream = Health::kStatus529,
             .body = kFirst,
             .cache_status = R"(larder; fwd=stale; fwd-status=529; detail="stale-if-error")",
             .cf = kHit,
             .stores_second = false},
        Rule{.name = "Section4_NotBeyondItsTime",
             .later = seconds(3600 + 86'400),
             .upstream = Health::kStatus503,
             .status = 503,
             .body = kBroken,
             .cache_status = "larder; fwd=stale; fwd-status=503",
             .stores_second = false},
        Rule{.name = "Section4_RateLimitsPassUnchanged",
             .later = seconds(7200),
             .upstream = Health::kStatus429,
             .status = 429,
             .body = kBroken,
             .cache_status = "larder; fwd=stale; fwd-status=429",
             .stores_second = false},
        Rule{.name = "Section4_TheClientsOwnErrorsPassUnchanged",
             .later = seconds(7200),
             .upstream = Health::kStatus400,
             .status = 400,
             .body = kBroken,
             .cache_status = "larder; fwd=stale; fwd-status=400",
             .stores_second = false},
        Rule{.name = "Section4_NotWhereTheRequestSaysNoCache",
             .later = seconds(7200),
             .then = {{"cache-control", "no-cache"}},
             .upstream = Health::kStatus503,
             .status = 503,
             .body = kBroken,
             .cache_status = "larder; fwd=request; fwd-status=503",
             .stores_second = false},
        Rule{.name = "ErrorsAreNotStoredAndPassUnchanged",
             .then = {{"cache-control", "no-cache"}},
             .upstream = Health::kStatus500,
             .status = 500,
             .body = kBroken,
             .cache_status = "larder; fwd=request; fwd-status=500",
             .stores_second = false}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    CloudflareAiGateway, CacheRuleTest,
    testing::Values(
        Rule{.name = "CfAigSkipCacheNeitherReadsNorStores",
             .then = {{"cf-aig-skip-cache", "true"}},
             .cache_status = R"(larder; fwd=bypass; fwd-status=200; detail="skip-cache")",
             .stores_second = false},
        Rule{.name = "CfAigSkipCacheFalseIsNothing",
             .then = {{"cf-aig-skip-cache", "false"}},
             .body = kFirst,
             .cache_status = "larder; hit; ttl=3600",
             .cf = kHit,
             .calls = 1,
             .stores_second = false},
        Rule{.name = "CfAigCacheTtlShortensTheLifetime",
             .first = {{"cf-aig-cache-ttl", "60"}},
             .later = seconds(120),
             .cache_status = "larder; fwd=stale; fwd-status=200; stored"},
        Rule{.name = "CfAigCacheTtlHoldsUntilThen",
             .first = {{"cf-aig-cache-ttl", "60"}},
             .later = seconds(59),
             .body = kFirst,
             .cache_status = "larder; hit; ttl=1",
             .cf = kHit,
             .calls = 1,
             .stores_second = false},
        Rule{.name = "CfAigCacheTtlProlongsNothing",
             .first = {{"cf-aig-cache-ttl", "2592000"}},
             .later = seconds(3660),
             .cache_status = "larder; fwd=stale; fwd-status=200; stored"},
        Rule{.name = "CfAigCacheTtlTooShortIsAnError",
             .then = {{"cf-aig-cache-ttl", "59"}},
             .status = 400,
             .body = nullptr,
             .cache_status = "larder; fwd=bypass",
             .calls = 1,
             .stores_second = false},
        Rule{.name = "CfAigCacheKeyIsAnotherEntry",
             .then = {{"cf-aig-cache-key", "mine"}},
             .cache_status = "larder; fwd=miss; fwd-status=200; stored",
             .stores_second = false},
        Rule{.name = "XLarderNamespaceIsAnotherEntry",
             .then = {{"x-larder-namespace", "docs"}},
             .cache_status = "larder; fwd=miss; fwd-status=200; stored",
             .stores_second = false}),
    [](const auto& row) { return row.param.name; });

// --- Renewal behind a stale answer ---

class RenewalTest : public ProxyTest {
 protected:
  void StoreAndLetGoStale() {
    upstream().Reply({.body = kFirst});
    Chat(kAsk);
    clock_.Advance(seconds(3610));
  }
};

TEST_F(RenewalTest, TheNextRequestGetsWhatWasFetchedBehindTheStaleOne) {
  StoreAndLetGoStale();
  EXPECT_EQ(Chat(kAsk).body, kFirst);
  upstream().Reply({.body = kSecond});
  world().RunRenewals();
  const Answer next = Chat(kAsk);
  EXPECT_EQ(next.body, kSecond);
  EXPECT_EQ(next.cache_status(), "larder; hit; ttl=3600");
  EXPECT_EQ(upstream().call_count(), 2U);
  EXPECT_EQ(world().responses().refreshes(), 1U);
}

TEST_F(RenewalTest, IsOneHoweverManyFindTheEntryStale) {
  StoreAndLetGoStale();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Chat(kAsk).body, kFirst);
  EXPECT_EQ(world().renewals(), 1U);
  upstream().Reply({.body = kSecond});
  world().RunRenewals();
  EXPECT_EQ(upstream().call_count(), 2U);
}

TEST_F(RenewalTest, ThatFailsLeavesTheEntryAndIsTriedAgain) {
  StoreAndLetGoStale();
  EXPECT_EQ(Chat(kAsk).body, kFirst);
  upstream().Fail(ErrorCode::kUnavailable);
  world().RunRenewals();
  EXPECT_EQ(Chat(kAsk).body, kFirst);
  EXPECT_EQ(world().renewals(), 1U);
}

TEST_F(RenewalTest, OfAStreamReadsItToItsEnd) {
  constexpr const char* kAskStream = R"({"model":"m","messages":[],"stream":true})";
  const auto events = [](const std::string& text) {
    return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + text +
           "\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
  };
  const Headers kEvents = {{"content-type", "text/event-stream"}};
  upstream().Reply({.headers = kEvents, .body = events("first")});
  Chat(kAskStream);
  clock_.Advance(seconds(3610));
  EXPECT_EQ(Chat(kAskStream).body, events("first"));
  upstream().Reply({.headers = kEvents,
                    .pieces = {events("second").substr(0, 20), events("second").substr(20)}});
  world().RunRenewals();
  EXPECT_EQ(Chat(kAskStream).body, events("second"));
}

TEST_F(RenewalTest, ThatFindsNoRoomIsCountedAndTheStaleAnswerGoesOut) {
  ProxyWorldOptions options;
  options.max_renewals = 0;
  Restart(options);
  StoreAndLetGoStale();
  EXPECT_EQ(Chat(kAsk).body, kFirst);
  EXPECT_EQ(world().responses().refreshes_refused(), 1U);
  EXPECT_EQ(Chat(kAsk).body, kFirst) << "the flight of a renewal that never ran has ended";
}

TEST_F(RenewalTest, UsesTheCredentialOfTheRequestThatFoundTheEntryStale) {
  StoreAndLetGoStale();
  Chat(kAsk);
  upstream().Reply({.body = kSecond});
  world().RunRenewals();
  EXPECT_EQ(upstream().calls()[1].headers.Find("authorization"), "Bearer key-a");
}

// --- Lifetimes by model and path ---

class LifetimeRuleTest : public ProxyTest {};

TEST_F(LifetimeRuleTest, LifetimesFollowTheFirstRuleThatMatches) {
  ProxyWorldOptions options;
  options.responses.lifetimes = LifetimeRules({{{"short-*"}, {}, seconds(10)},
                                               {{}, {"/completions"}, seconds(0)},
                                               {{"long"}, {}, seconds(7200)}});
  options.responses.policy.stale_while_revalidate = seconds(0);
  Restart(options);
  upstream().ReplyAlways({.body = kFirst});
  const auto ask = [](const char* model) {
    return std::string(R"({"messages":[],"model":")") + model + "\"}";
  };
  Chat(ask("short-1"));
  Chat(ask("long"));
  Chat(ask("other"));
  EXPECT_EQ(Chat(ask("short-1")).cache_status(), "larder; hit; ttl=10");
  EXPECT_EQ(Chat(ask("long")).cache_status(), "larder; hit; ttl=7200");
  EXPECT_EQ(Chat(ask("other")).cache_status(), "larder; hit; ttl=3600");
  clock_.Advance(seconds(10));
  EXPECT_FALSE(Chat(ask("short-1")).hit());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Post("/v1/completions", R"({"model":"other","prompt":"a"})").cache_status(),
              R"(larder; fwd=bypass; fwd-status=200; detail="lifetime-rule")");
  }
}

}  // namespace
}  // namespace larder
