#include "proxy/access/limiter.h"

#include <gtest/gtest.h>

#include <thread>

#include "cache/memory_store.h"
#include "proxy/access/caller_saver.h"
#include "tests/support/faulty_store.h"
#include "tests/support/manual_clock.h"

namespace larder {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

LimitRule Rule(std::vector<std::string> callers, RateLimits limits) {
  return {std::move(callers), {}, limits};
}

class LimiterTest : public testing::Test {
 protected:
  // A new process on the same store.
  void Start(std::vector<LimitRule> rules, std::size_t max_callers = 50'000) {
    saver_.reset();
    keys_ = std::make_unique<ClientKeys>(store_, clock_);
    ASSERT_TRUE(keys_->Load().ok());
    limiter_ =
        std::make_unique<Limiter>(clock_, prices_, LimiterOptions{std::move(rules), max_callers});
    saver_ = std::make_unique<CallerSaver>(store_, *keys_, *limiter_);
    EXPECT_TRUE(saver_->Load().ok());
  }
  std::shared_ptr<const ClientKey> NewKey(const std::string& tenant, KeyTerms terms = {}) {
    auto made = keys_->Create("ci", tenant, std::nullopt, std::move(terms));
    EXPECT_TRUE(made.ok());
    secret_ = made->secret;
    return keys_->Find(made->secret).value();
  }
  bool Ask(const std::shared_ptr<const ClientKey>& key, const std::string& partition = "") {
    return limiter_->Begin(key, Partition(partition), "/embeddings").admission.admitted;
  }
  bool AskAs(const std::string& partition) { return Ask(nullptr, partition); }
  std::size_t Records() {
    std::size_t count = 0;
    EXPECT_TRUE(store_
                    .ForEach(Family::kCounters, "",
                             [&](std::string_view, std::string_view) {
                               ++count;
                               return true;
                             })
                    .ok());
    return count;
  }

  ManualClock clock_;
  MemoryStore memory_;
  FaultyStore store_{memory_};
  PriceTable prices_{{{{"m"}, "10", "20"}}, "USD"};
  std::unique_ptr<ClientKeys> keys_;
  std::unique_ptr<Limiter> limiter_;
  std::unique_ptr<CallerSaver> saver_;
  std::string secret_;
};

TEST_F(LimiterTest, ACallerThatNothingLimitsHasNoAccount) {
  Start({Rule({"acme"}, {.requests_per_minute = 1})});
  EXPECT_EQ(limiter_->AccountOf(nullptr, Partition("p1")), nullptr);
  EXPECT_EQ(limiter_->AccountOf(NewKey("other"), Partition("")), nullptr);
  EXPECT_NE(limiter_->AccountOf(NewKey("acme"), Partition("")), nullptr);
  EXPECT_EQ(limiter_->callers(), 1U);
}

TEST_F(LimiterTest, EachCallerHasACounterOfItsOwn) {
  Start({Rule({}, {.requests_per_minute = 1})});
  const auto key = NewKey("acme");
  EXPECT_TRUE(AskAs("p1"));
  EXPECT_FALSE(AskAs("p1"));
  EXPECT_TRUE(AskAs("p2"));
  EXPECT_TRUE(Ask(key));
  EXPECT_FALSE(Ask(key));
  EXPECT_TRUE(Ask(NewKey("acme")));  // another key of the same tenant
}

TEST_F(LimiterTest, RulesSpeakOfNamesTenantsAndPartitions) {
  Start({Rule({"x*", "ci"}, {.requests_per_minute = 1}), Rule({"ac*"}, {.requests_per_hour = 2}),
         Rule({"1f2e*"}, {.requests_per_minute = 1})});
  const auto key = NewKey("acme");
  EXPECT_TRUE(Ask(key));
  EXPECT_FALSE(Ask(key));
  EXPECT_TRUE(AskAs("1f2e3d"));
  EXPECT_FALSE(AskAs("1f2e3d"));
  EXPECT_TRUE(AskAs("ffff"));
  EXPECT_TRUE(AskAs("ffff"));
}

TEST_F(LimiterTest, MoneyIsWhatTheModelCosts) {
  Start({});
  const auto key = NewKey("acme", {.budget = {1'000'000'000, 0, BudgetPeriod::kMonth}});
  const auto begun = limiter_->Begin(key, Partition(""), "/embeddings");
  ASSERT_NE(begun.meter, nullptr);
  EXPECT_TRUE(begun.meter->counts_tokens());
  begun.meter->Charge("m", 50'000, 25'000);  // 0.25 and 0.50
  EXPECT_EQ(limiter_->AccountOf(key, Partition(""))->UseOfBudget(MomentOf(clock_)).money_nano,
            750'000'000U);
  EXPECT_TRUE(Ask(key));
  begun.meter->Charge("m", 25'000, 0);
  EXPECT_FALSE(Ask(key));
}

TEST_F(LimiterTest, CountersSurviveARestart) {
  const std::vector<LimitRule> rules = {Rule({}, {.requests_per_minute = 2})};
  Start(rules);
  const auto key = NewKey("acme", {.budget = {0, 10, BudgetPeriod::kTotal}});
  Ask(key);
  AskAs("p1");
  AskAs("p1");
  limiter_->Begin(key, Partition(""), "/embeddings").meter->Charge("m", 10, 0);
  ASSERT_TRUE(saver_->Flush().ok());
  clock_.Advance(seconds(20));
  Start(rules);
  EXPECT_FALSE(AskAs("p1"));
  const auto again = keys_->Find(secret_).value();
  EXPECT_FALSE(Ask(again));
  clock_.Advance(seconds(40));
  EXPECT_TRUE(AskAs("p1"));
  EXPECT_FALSE(Ask(again));  // the budget has no end
}

TEST_F(LimiterTest, ARestartWithAClockThatWasSetBackFreesNothing) {
  const std::vector<LimitRule> rules = {
      Rule({}, {.requests_per_minute = 1, .requests_per_hour = 1})};
  Start(rules);
  AskAs("p1");
  ASSERT_TRUE(saver_->Flush().ok());
  clock_.StepWall(-hours(24 * 30));
  Start(rules);
  EXPECT_FALSE(AskAs("p1"));
  clock_.Advance(hours(1));
  EXPECT_TRUE(AskAs("p1"));
}

TEST_F(LimiterTest, WhatNobodyWroteIsNotWrittenAgain) {
  Start({Rule({}, {.requests_per_minute = 100})});
  for (int i = 0; i < 50; ++i) AskAs("p1");
  ASSERT_TRUE(saver_->Flush().ok());
  EXPECT_EQ(store_.writes(), 1U);
  ASSERT_TRUE(saver_->Flush().ok());
  EXPECT_EQ(store_.writes(), 1U);
  AskAs("p1");
  ASSERT_TRUE(saver_->Flush().ok());
  EXPECT_EQ(store_.writes(), 2U);
}

TEST_F(LimiterTest, AWriteThatFailedIsMadeUpFor) {
  const std::vector<LimitRule> rules = {Rule({}, {.requests_per_minute = 1})};
  Start(rules);
  AskAs("p1");
  store_.FailWrites(true);
  EXPECT_FALSE(saver_->Flush().ok());
  store_.FailWrites(false);
  ASSERT_TRUE(saver_->Flush().ok());
  Start(rules);
  EXPECT_FALSE(AskAs("p1"));
}

TEST_F(LimiterTest, ADamagedRecordIsCountedAndLeftOut) {
  const std::vector<LimitRule> rules = {Rule({}, {.requests_per_minute = 1})};
  Start(rules);
  AskAs("p1");
  ASSERT_TRUE(saver_->Flush().ok());
  WriteBatch batch;
  batch.Put(Family::kCounters, "pp2", "damaged");
  ASSERT_TRUE(memory_.Apply(batch).ok());
  Limiter again(clock_, prices_, {rules});
  EXPECT_EQ(again.Load(store_, [](const std::string&) { return true; }).value(), 1U);
}

TEST_F(LimiterTest, ARevokedKeyLeavesNothingBehind) {
  Start({});
  const auto key = NewKey("acme", {.limits = {Rule({}, {.requests_per_minute = 1})}});
  Ask(key);
  ASSERT_TRUE(saver_->Flush().ok());
  EXPECT_EQ(Records(), 2U);  // its counters, and when it was used
  ASSERT_TRUE(keys_->Revoke(key->id).ok());
  limiter_->Forget(*key);
  ASSERT_TRUE(saver_->Flush().ok());
  EXPECT_EQ(Records(), 0U);
  EXPECT_EQ(limiter_->callers(), 0U);
}

TEST_F(LimiterTest, WhenAKeyWasUsedSurvivesARestart) {
  Start({});
  NewKey("acme");
  const WallTime used = clock_.Now();
  ASSERT_TRUE(saver_->Flush().ok());
  clock_.Advance(hours(5));
  Start({});
  EXPECT_EQ(keys_->List()[0].last_used_at, used);
}

TEST_F(LimiterTest, OtherRulesTakeEffectAtOnceAndKeepWhatWasCounted) {
  Start({Rule({}, {.requests_per_minute = 2})});
  AskAs("p1");
  limiter_->SetRules({Rule({}, {.requests_per_minute = 1})});
  EXPECT_FALSE(AskAs("p1"));
  limiter_->SetRules({});
  EXPECT_TRUE(AskAs("p1"));
}

TEST_F(LimiterTest, IdleCallersAreForgottenAndThoseThatCountAreNot) {
  Start({Rule({}, {.requests_per_minute = 1})});
  for (int i = 0; i < 100; ++i) AskAs("p" + std::to_string(i));
  ASSERT_TRUE(saver_->Flush().ok());
  EXPECT_EQ(limiter_->callers(), 100U);
  clock_.Advance(hours(1));
  AskAs("new");
  ASSERT_TRUE(saver_->Flush().ok());
  EXPECT_EQ(limiter_->callers(), 1U);
  EXPECT_EQ(Records(), 1U);
}

TEST_F(LimiterTest, AFloodOfInventedCredentialsIsBoundedAndFreesNobody) {
  Start({Rule({}, {.requests_per_hour = 50})}, 160);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(AskAs("victim"));
  for (int i = 0; i < 10'000; ++i) {
    AskAs("invented-" + std::to_string(i));
    ASSERT_LE(limiter_->callers(), 160U);
  }
  EXPECT_FALSE(AskAs("victim"));
}

TEST_F(LimiterTest, ManyThreadsTogetherGetNoMoreThanOneWould) {
  Start({Rule({}, {.requests_per_minute = 1000})});
  std::atomic<int> admitted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) admitted += AskAs("p1") ? 1 : 0;
    });
  }
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(saver_->Flush().ok());
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(admitted, 1000);
}

}  // namespace
}  // namespace larder
