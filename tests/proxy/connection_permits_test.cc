// Who may open a connection, and who is next.
#include "proxy/upstream/connection_permits.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

struct Loop {
  explicit Loop(ConnectionPermits& permits) : seat(permits.Join([this] { ++woken; })) {}
  int woken = 0;
  std::unique_ptr<ConnectionPermits::Seat> seat;
};

TEST(ConnectionPermitsTest, ThereAreAsManyAsTheLimitOverAllSeats) {
  ConnectionPermits permits(2, 10);
  Loop a(permits);
  Loop b(permits);
  EXPECT_TRUE(permits.TakePermit(*a.seat));
  EXPECT_TRUE(permits.TakePermit(*b.seat));
  EXPECT_FALSE(permits.TakePermit(*a.seat));
  permits.GivePermit(*b.seat);
  EXPECT_TRUE(permits.TakePermit(*a.seat));
  EXPECT_FALSE(permits.TakePermit(*b.seat));
}

TEST(ConnectionPermitsTest, OneThatComesFreeBelongsToWhoWaits) {
  ConnectionPermits permits(1, 10);
  Loop a(permits);
  Loop b(permits);
  ASSERT_TRUE(permits.TakePermit(*a.seat));
  ASSERT_TRUE(permits.BeginWaiting(*b.seat));
  EXPECT_TRUE(permits.IsWantedElsewhere(*a.seat));
  permits.GivePermit(*a.seat);
  EXPECT_EQ(b.woken, 1);
  EXPECT_FALSE(permits.TakePermit(*a.seat));
  EXPECT_FALSE(permits.IsWantedElsewhere(*a.seat));
  EXPECT_TRUE(permits.TakePermit(*b.seat));
  permits.EndWaiting(*b.seat);
  EXPECT_EQ(permits.waiting(), 0U);
}

TEST(ConnectionPermitsTest, AGrantThatIsNotNeededAnyMoreGoesOn) {
  ConnectionPermits permits(1, 10);
  Loop a(permits);
  Loop b(permits);
  Loop c(permits);
  ASSERT_TRUE(permits.TakePermit(*a.seat));
  ASSERT_TRUE(permits.BeginWaiting(*b.seat));
  ASSERT_TRUE(permits.BeginWaiting(*c.seat));
  permits.GivePermit(*a.seat);
  EXPECT_EQ(b.woken, 1);
  permits.EndWaiting(*b.seat);  // it gave up
  EXPECT_EQ(c.woken, 1);
  permits.Leave(*c.seat);  // as its loop stops
  EXPECT_TRUE(permits.TakePermit(*a.seat));
}

TEST(ConnectionPermitsTest, WhoHasNoConnectionGoesBeforeWhoWaitedLonger) {
  ConnectionPermits permits(2, 10);
  Loop a(permits);
  Loop b(permits);
  ASSERT_TRUE(permits.TakePermit(*a.seat));
  ASSERT_TRUE(permits.TakePermit(*a.seat));
  ASSERT_TRUE(permits.BeginWaiting(*a.seat));
  EXPECT_FALSE(permits.IsWantedElsewhere(*a.seat));
  ASSERT_TRUE(permits.BeginWaiting(*b.seat));
  EXPECT_TRUE(permits.IsWantedElsewhere(*a.seat));
  permits.GivePermit(*a.seat);
  EXPECT_EQ(b.woken, 1);
  EXPECT_EQ(a.woken, 0);
}

TEST(ConnectionPermitsTest, WhoGivesUpItsOnlyOneIsNotTheNextToGetIt) {
  ConnectionPermits permits(1, 10);
  Loop a(permits);
  Loop b(permits);
  ASSERT_TRUE(permits.TakePermit(*a.seat));
  ASSERT_TRUE(permits.BeginWaiting(*a.seat));
  ASSERT_TRUE(permits.BeginWaiting(*b.seat));
  permits.GivePermit(*a.seat);
  EXPECT_EQ(b.woken, 1);
  EXPECT_EQ(a.woken, 0);
}

TEST(ConnectionPermitsTest, AsManyMayWaitAsTheLimitAndTheIdleConnectionsThatAreGivenUp) {
  ConnectionPermits permits(1, 1);
  Loop a(permits);
  Loop b(permits);
  ASSERT_TRUE(permits.TakePermit(*a.seat));
  EXPECT_TRUE(permits.BeginWaiting(*b.seat));
  EXPECT_EQ(a.woken, 0);
  EXPECT_FALSE(permits.BeginWaiting(*b.seat));
  a.seat->SetIdle(1);
  EXPECT_TRUE(permits.BeginWaiting(*b.seat));
  EXPECT_EQ(a.woken, 1);
  EXPECT_EQ(permits.waiting(), 2U);
}

}  // namespace
}  // namespace larder
