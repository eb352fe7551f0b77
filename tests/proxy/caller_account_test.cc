#include "proxy/access/caller_account.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/manual_clock.h"

namespace larder {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::shared_ptr<const ClientKey> KeyOf(std::vector<LimitRule> limits, Budget budget = {}) {
  ClientKey key;
  key.id = "key_1";
  key.limits = std::move(limits);
  key.budget = budget;
  return std::make_shared<const ClientKey>(std::move(key));
}

class CallerAccountTest : public testing::Test {
 protected:
  Admission Admit(CallerAccount& account, std::string_view path = "/embeddings") {
    bool first = false;
    return account.Admit(path, MomentOf(clock_), nullptr, first);
  }
  RateState State(CallerAccount& account, std::string_view path = "/embeddings") {
    return account.State(path, MomentOf(clock_));
  }
  void Charge(CallerAccount& account, std::int64_t tokens, std::uint64_t money = 0) {
    account.Charge("/embeddings", tokens, money, MomentOf(clock_));
  }

  ManualClock clock_;
};

TEST_F(CallerAccountTest, AdmitsUpToTheLimitAndAgainOnceTheWindowSlides) {
  CallerAccount account("p", nullptr, {{{}, {}, {.requests_per_minute = 2}}});
  EXPECT_TRUE(Admit(account).admitted);
  clock_.Advance(seconds(10));
  EXPECT_TRUE(Admit(account).admitted);
  const Admission refused = Admit(account);
  EXPECT_FALSE(refused.admitted);
  EXPECT_EQ(refused.refused_by, LimitKind::kRequestsMinute);
  EXPECT_EQ(refused.limit, 2);
  EXPECT_EQ(refused.retry_after, seconds(50));
  clock_.Advance(refused.retry_after);
  EXPECT_TRUE(Admit(account).admitted);
  EXPECT_FALSE(Admit(account).admitted);
}

TEST_F(CallerAccountTest, WhatIsRefusedDoesNotCount) {
  CallerAccount account("p", nullptr,
                        {{{}, {}, {.requests_per_minute = 1, .requests_per_hour = 2}}});
  EXPECT_TRUE(Admit(account).admitted);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Admit(account).admitted);
  clock_.Advance(minutes(1));
  EXPECT_TRUE(Admit(account).admitted);
}

TEST_F(CallerAccountTest, AnHourEndsWithTheClocksHour) {
  clock_.Advance(minutes(59));
  CallerAccount account("p", nullptr, {{{}, {}, {.requests_per_hour = 1}}});
  EXPECT_TRUE(Admit(account).admitted);
  EXPECT_EQ(Admit(account).retry_after, minutes(1));
  clock_.Advance(minutes(1));
  EXPECT_TRUE(Admit(account).admitted);
}

TEST_F(CallerAccountTest, EachRuleCountsItsOwnPaths) {
  CallerAccount account("p", nullptr,
                        {{{}, {"/embeddings"}, {.requests_per_minute = 1}},
                         {{}, {"/chat/*"}, {.requests_per_minute = 1}}});
  EXPECT_TRUE(Admit(account, "/embeddings").admitted);
  EXPECT_TRUE(Admit(account, "/chat/completions").admitted);
  EXPECT_FALSE(Admit(account, "/embeddings").admitted);
  EXPECT_TRUE(Admit(account, "/models").admitted);
  EXPECT_FALSE(State(account, "/models").requests.has_value());
}

TEST_F(CallerAccountTest, ARequestThatOneRuleRefusesCountsForNone) {
  CallerAccount account(
      "p", nullptr,
      {{{}, {"/embeddings"}, {.requests_per_minute = 1}}, {{}, {}, {.requests_per_hour = 10}}});
  Admit(account, "/embeddings");
  Admit(account, "/embeddings");
  EXPECT_EQ(State(account, "/other").requests->remaining, 9);
}

TEST_F(CallerAccountTest, TokensStopTheNextRequestOnceTheyAreUsedUp) {
  CallerAccount account("p", nullptr, {{{}, {}, {.tokens_per_minute = 100}}});
  EXPECT_TRUE(Admit(account).admitted);
  Charge(account, 99);
  EXPECT_TRUE(Admit(account).admitted);
  Charge(account, 500);  // what it costs is known afterwards
  const Admission refused = Admit(account);
  EXPECT_EQ(refused.refused_by, LimitKind::kTokensMinute);
  EXPECT_EQ(State(account).tokens->remaining, 0);
  clock_.Advance(minutes(1));
  EXPECT_TRUE(Admit(account).admitted);
}

TEST_F(CallerAccountTest, TellsTheTightestLimit) {
  CallerAccount account("p", nullptr,
                        {{{}, {}, {.requests_per_minute = 10, .requests_per_hour = 5}}});
  Admit(account);
  EXPECT_EQ(State(account).requests->limit, 5);
  EXPECT_EQ(State(account).requests->remaining, 4);
  EXPECT_EQ(State(account).requests->reset, hours(1));
  EXPECT_FALSE(State(account).tokens.has_value());
}

TEST_F(CallerAccountTest, ABudgetCountsMoneyAndTokensOfItsPeriod) {
  const auto key = KeyOf({}, {1'000, 50, BudgetPeriod::kDay});
  CallerAccount account("key_1", key, {});
  Charge(account, 10, 999);
  EXPECT_TRUE(Admit(account).admitted);
  Charge(account, 1, 1);
  const Admission refused = Admit(account);
  EXPECT_EQ(refused.refused_by, LimitKind::kBudget);
  EXPECT_EQ(refused.retry_after, hours(24));
  clock_.Advance(hours(24));
  EXPECT_TRUE(Admit(account).admitted);
  Charge(account, 50);
  EXPECT_FALSE(Admit(account).admitted);
}

TEST_F(CallerAccountTest, ABudgetIsNotFreedByAClockThatIsSetBack) {
  CallerAccount account("key_1", KeyOf({}, {0, 5, BudgetPeriod::kMonth}), {});
  Charge(account, 5);
  clock_.StepWall(-hours(24 * 40));
  EXPECT_FALSE(Admit(account).admitted);
  clock_.Advance(hours(24 * 31));
  EXPECT_TRUE(Admit(account).admitted);
}

TEST_F(CallerAccountTest, IsRestoredAsItWas) {
  const std::vector<LimitRule> rules = {
      {{}, {"/embeddings"}, {.requests_per_minute = 3, .tokens_per_hour = 100}}};
  const auto key = KeyOf({{{}, {}, {.requests_per_hour = 9}}}, {5'000, 0, BudgetPeriod::kTotal});
  CallerAccount account("key_1", key, rules);
  Admit(account);
  clock_.Advance(seconds(20));
  Admit(account);
  Charge(account, 40, 1'234);
  const std::string saved = account.Save(MomentOf(clock_));
  clock_.Advance(seconds(5));
  CallerAccount again("key_1", key, rules);
  ASSERT_TRUE(again.Restore(saved, seconds(5), MomentOf(clock_)));
  EXPECT_EQ(State(again).requests->remaining, State(account).requests->remaining);
  EXPECT_EQ(State(again).requests->reset, State(account).requests->reset);
  EXPECT_EQ(State(again).tokens->remaining, 60);
  EXPECT_EQ(again.UseOfBudget(MomentOf(clock_)).money_nano, 1'234U);
  EXPECT_EQ(again.Save(MomentOf(clock_)), account.Save(MomentOf(clock_)));
}

TEST_F(CallerAccountTest, NothingButWhatWasSavedIsRestored) {
  CallerAccount account("p", nullptr, {{{}, {}, {.requests_per_minute = 3}}});
  Admit(account);
  const std::string saved = account.Save(MomentOf(clock_));
  for (std::size_t cut = 0; cut < saved.size(); ++cut) {
    EXPECT_FALSE(account.Restore(saved.substr(0, cut), seconds(0), MomentOf(clock_))) << cut;
  }
  EXPECT_FALSE(account.Restore(saved + "x", seconds(0), MomentOf(clock_)));
  EXPECT_EQ(State(account).requests->remaining, 2);
}

TEST_F(CallerAccountTest, ARuleThatStaysKeepsWhatWasCounted) {
  CallerAccount account("p", nullptr, {{{}, {"/a"}, {.requests_per_minute = 3}}});
  Admit(account, "/a");
  account.Replace(nullptr, {{{}, {"/b"}, {.requests_per_minute = 1}},
                            {{}, {"/a"}, {.requests_per_minute = 10}}});
  EXPECT_EQ(State(account, "/a").requests->remaining, 9);
  EXPECT_EQ(State(account, "/b").requests->remaining, 1);
}

TEST_F(CallerAccountTest, IsToBeSavedOnceForManyChanges) {
  CallerAccount account("p", nullptr, {{{}, {}, {.requests_per_minute = 9}}});
  bool first = false;
  account.Admit("/a", MomentOf(clock_), nullptr, first);
  EXPECT_TRUE(first);
  account.Admit("/a", MomentOf(clock_), nullptr, first);
  EXPECT_FALSE(first);
  account.Save(MomentOf(clock_));
  account.Admit("/a", MomentOf(clock_), nullptr, first);
  EXPECT_TRUE(first);
}

// A model that keeps every event, against admissions, charges, steps of the wall clock and restarts
// in any order. The minute's slack of a second is all that may differ, and never to the caller's
// advantage.
TEST_F(CallerAccountTest, AtRandomNeverGivesMoreThanAReferenceModel) {
  constexpr std::int64_t kMinute = 12;
  constexpr std::int64_t kTokens = 300;
  const std::vector<LimitRule> rules = {
      {{}, {}, {.requests_per_minute = kMinute, .tokens_per_minute = kTokens}}};
  auto account = std::make_unique<CallerAccount>("p", nullptr, rules);
  std::mt19937 random(20261129);
  struct Event {
    std::int64_t at;
    std::int64_t tokens;
  };
  std::vector<Event> requests;
  std::vector<Event> charges;
  std::int64_t now = 0;
  int admitted = 0;
  int refused = 0;
  const auto within = [&](const std::vector<Event>& events, std::int64_t window) {
    std::int64_t sum = 0;
    for (const Event& event : events) sum += event.at > now - window ? event.tokens : 0;
    return sum;
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::int64_t step = random() % 20 == 0 ? random() % 40'000 : random() % 2'500;
    clock_.Advance(milliseconds(step));
    now += step;
    if (random() % 40 == 0) clock_.StepWall(seconds(static_cast<int>(random() % 7200) - 3600));
    if (random() % 30 == 0) {  // a restart, at once
      const std::string saved = account->Save(MomentOf(clock_));
      account = std::make_unique<CallerAccount>("p", nullptr, rules);
      ASSERT_TRUE(account->Restore(saved, milliseconds(0), MomentOf(clock_)));
    }
    const bool may = within(requests, 60'000) < kMinute && within(charges, 60'000) < kTokens;
    const bool must = within(requests, 61'000) < kMinute && within(charges, 61'000) < kTokens;
    const Admission admission = Admit(*account);
    ASSERT_TRUE(admission.admitted ? may : !must) << i;
    ASSERT_LE(admission.retry_after, minutes(1));
    ++(admission.admitted ? admitted : refused);
    if (!admission.admitted) continue;
    requests.push_back({now, 1});
    const std::int64_t tokens = random() % 60;
    Charge(*account, tokens);
    charges.push_back({now, tokens});
  }
  EXPECT_GT(admitted, 1000);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace larder
