#include "cache/flight_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/cache/entries.h"

namespace larder {
namespace {

using Table = FlightTable<int>;

Table::Joined Join(Table& table, int key, int state = 0) {
  return table.Join(KeyOf(key), [&] { return std::make_shared<int>(state); });
}

TEST(FlightTableTest, TheFirstLeadsAndTheRestFollowTheSameState) {
  Table table;
  const auto leader = Join(table, 1, 10);
  const auto follower = Join(table, 1, 20);
  EXPECT_NE(leader.lead, nullptr);
  EXPECT_EQ(follower.lead, nullptr);
  EXPECT_EQ(follower.state, leader.state);
  EXPECT_EQ(*follower.state, 10);
  EXPECT_EQ(table.size(), 1U);
}

TEST(FlightTableTest, EachKeyFliesAlone) {
  Table table;
  const auto one = Join(table, 1);
  const auto two = Join(table, 2);
  EXPECT_NE(one.lead, nullptr);
  EXPECT_NE(two.lead, nullptr);
  EXPECT_NE(one.state, two.state);
}

TEST(FlightTableTest, MakesNoStateForAFollower) {
  Table table;
  const auto leader = Join(table, 1);
  bool made = false;
  (void)table.Join(KeyOf(1), [&] {
    made = true;
    return std::make_shared<int>(0);
  });
  EXPECT_FALSE(made);
}

TEST(FlightTableTest, TheEndOfALeadLetsTheNextLeadAnew) {
  Table table;
  auto first = Join(table, 1, 10);
  first.lead.reset();
  EXPECT_EQ(table.size(), 0U);
  const auto second = Join(table, 1, 20);
  EXPECT_NE(second.lead, nullptr);
  EXPECT_EQ(*second.state, 20);
}

TEST(FlightTableTest, FollowersKeepTheStateOfALeadThatEnded) {
  Table table;
  auto leader = Join(table, 1, 10);
  const auto follower = Join(table, 1);
  leader.lead.reset();
  leader.state.reset();
  EXPECT_EQ(*follower.state, 10);
  EXPECT_EQ(follower.state.use_count(), 1) << "the table let go of it";
}

TEST(FlightTableTest, TheEndOfAnEarlierLeadDoesNotEndTheNext) {
  Table table;
  auto first = Join(table, 1);
  first.lead.reset();
  const auto second = Join(table, 1);
  first = {};
  EXPECT_EQ(Join(table, 1).lead, nullptr);
}

TEST(FlightTableTest, AMovedLeadEndsOnce) {
  Table table;
  auto first = Join(table, 1);
  {
    const Table::Lead moved = std::move(*first.lead);
    first.lead.reset();
    EXPECT_EQ(table.size(), 1U) << "what was moved from ends nothing";
  }
  EXPECT_EQ(table.size(), 0U);
}

TEST(FlightTableTest, AStateThatCannotBeMadeLeavesNoFlight) {
  Table table;
  const auto refuse = []() -> std::shared_ptr<int> { throw std::runtime_error("no"); };
  EXPECT_THROW((void)table.Join(KeyOf(1), refuse), std::runtime_error);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_NE(Join(table, 1).lead, nullptr);
}

TEST(FlightTableTest, OneOfManyThreadsLeads) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 200;
  Table table;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Table::Joined> joined(kThreads);
    std::latch start(kThreads);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        joined[i] = Join(table, round, i);
      });
    }
    for (std::thread& thread : threads) thread.join();
    int leaders = 0;
    for (const auto& one : joined) {
      leaders += one.lead != nullptr;
      ASSERT_EQ(one.state, joined[0].state);
    }
    ASSERT_EQ(leaders, 1);
  }
}

TEST(FlightTableTest, LeadsThatEndWhileOthersJoinNeverOverlap) {
  Table table;
  std::atomic<int> at_work{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5000; ++round) {
        auto joined = Join(table, round % 3 == 0 ? 1 : 2 + round % 50);
        if (joined.lead == nullptr || round % 3 != 0) continue;
        ASSERT_EQ(at_work.fetch_add(1), 0);
        at_work.fetch_sub(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(table.size(), 0U);
}

}  // namespace
}  // namespace larder
