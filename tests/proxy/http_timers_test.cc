#include "proxy/http/timers.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace larder {
namespace {

using std::chrono::milliseconds;

MonoTime At(std::int64_t millis) {
  return MonoTime(milliseconds(millis));
}

class TimersTest : public testing::Test {
 protected:
  void Advance(std::int64_t millis) {
    timers_.Advance(At(millis), [&](int& subject, MonoTime when) {
      visited_.push_back(subject);
      visited_when_.push_back(when);
    });
  }

  Timers<int> timers_{At(1000)};
  std::vector<int> visited_;
  std::vector<MonoTime> visited_when_;
  std::shared_ptr<int> one_ = std::make_shared<int>(1);
  std::shared_ptr<int> two_ = std::make_shared<int>(2);
};

TEST_F(TimersTest, VisitsAtTheFirstTickBehindTheDeadlineAndNotBefore) {
  timers_.Add(one_, At(1250));
  Advance(1250);
  EXPECT_TRUE(visited_.empty());
  Advance(1299);
  EXPECT_TRUE(visited_.empty());
  Advance(1300);
  EXPECT_EQ(visited_, std::vector<int>{1});
  EXPECT_EQ(visited_when_, std::vector<MonoTime>{At(1250)});
  Advance(200'000);
  EXPECT_EQ(visited_.size(), 1U);
}

TEST_F(TimersTest, ADeadlineThatHasPassedIsVisitedAtTheNextTick) {
  timers_.Add(one_, At(0));
  Advance(1100);
  EXPECT_EQ(visited_, std::vector<int>{1});
}

TEST_F(TimersTest, OneThatDiedIsForgotten) {
  timers_.Add(one_, At(1500));
  timers_.Add(two_, At(1500));
  one_.reset();
  Advance(2000);
  EXPECT_EQ(visited_, std::vector<int>{2});
}

TEST_F(TimersTest, OneBeyondTheWheelIsVisitedAtItsEnd) {
  timers_.Add(one_, At(10'000'000));
  Advance(1000 + 102'300);
  EXPECT_EQ(visited_, std::vector<int>{1});
}

TEST_F(TimersTest, AfterALongPauseEveryDueOneIsVisited) {
  timers_.Add(one_, At(1500));
  timers_.Add(two_, At(90'000));
  Advance(50'000'000);
  EXPECT_EQ(visited_.size(), 2U);
}

TEST_F(TimersTest, AVisitMayAddAgain) {
  int visits = 0;
  timers_.Add(one_, At(1100));
  for (std::int64_t now = 1000; now <= 3000; now += 100) {
    timers_.Advance(At(now), [&](int&, MonoTime when) {
      ++visits;
      timers_.Add(one_, when + milliseconds(500));
    });
  }
  EXPECT_EQ(visits, 4);  // behind 1100, 1600, 2100, 2600
}

TEST_F(TimersTest, ManyAtRandomAreEachVisitedOnceWithinATick) {
  std::mt19937 random(5);
  std::map<int, std::int64_t> due;
  std::vector<std::shared_ptr<int>> subjects;
  for (int i = 0; i < 5000; ++i) {
    subjects.push_back(std::make_shared<int>(i));
    due[i] = 1000 + static_cast<std::int64_t>(random() % 100'000);
    timers_.Add(subjects.back(), At(due[i]));
  }
  for (std::int64_t now = 1000; now <= 102'000; now += 37) {
    timers_.Advance(At(now), [&](int& subject, MonoTime) {
      ASSERT_TRUE(due.contains(subject));
      EXPECT_GT(now, due[subject]);
      EXPECT_LE(now, due[subject] + 200 + 37);
      due.erase(subject);
    });
  }
  EXPECT_TRUE(due.empty());
}

}  // namespace
}  // namespace larder
