#include "cache/maintenance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/gate.h"
#include "tests/support/manual_clock.h"

namespace larder {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

class MaintenanceTest : public testing::Test {
 protected:
  Maintenance::Work Counting(std::string name) {
    return [this, name](const Maintenance::Run& run) -> Result<std::string> {
      runs_.push_back(name + (run.asked ? " (asked)" : ""));
      clock_.Advance(milliseconds{250});
      return "did " + name;
    };
  }
  MaintenanceTask Only() const { return tasks_.Tasks().at(0); }

  ManualClock clock_;
  Maintenance tasks_{clock_};
  std::vector<std::string> runs_;
};

TEST_F(MaintenanceTest, ATaskRunsOnceItsIntervalHasPassed) {
  tasks_.Add("sweep", seconds{60}, Counting("sweep"));
  clock_.Advance(milliseconds{59'999});
  EXPECT_FALSE(tasks_.RunDue());
  clock_.Advance(milliseconds{1});
  EXPECT_TRUE(tasks_.RunDue());
  EXPECT_FALSE(tasks_.RunDue());
  EXPECT_THAT(runs_, ElementsAre("sweep"));
}

TEST_F(MaintenanceTest, TellsWhatEachTaskDidAndWhenItRunsNext) {
  tasks_.Add("sweep", seconds{60}, Counting("sweep"));
  EXPECT_EQ(Only().last_started, std::nullopt);
  EXPECT_EQ(Only().next, clock_.Now() + seconds{60});
  clock_.Advance(seconds{60});
  const WallTime started = clock_.Now();
  tasks_.RunDue();
  EXPECT_EQ(Only().last_started, started);
  EXPECT_EQ(Only().last_took, milliseconds{250});
  EXPECT_EQ(Only().last_result, "did sweep");
  EXPECT_FALSE(Only().running);
  EXPECT_FALSE(Only().last_failed);
  EXPECT_EQ(Only().next, started + milliseconds{250} + seconds{60});
}

TEST_F(MaintenanceTest, AFailureIsToldAndTheTaskRunsAgain) {
  bool broken = true;
  tasks_.Add("sweep", seconds{60}, [&](const Maintenance::Run&) -> Result<std::string> {
    if (broken) return StoreError(ErrorCode::kIo, "the disk refuses");
    return std::string("swept");
  });
  clock_.Advance(seconds{60});
  tasks_.RunDue();
  EXPECT_TRUE(Only().last_failed);
  EXPECT_EQ(Only().last_result, "the disk refuses");
  broken = false;
  clock_.Advance(seconds{60});
  tasks_.RunDue();
  EXPECT_FALSE(Only().last_failed);
}

TEST_F(MaintenanceTest, ATaskWithoutIntervalRunsOnlyWhenAskedFor) {
  tasks_.Add("compaction", seconds{0}, Counting("compaction"));
  clock_.Advance(std::chrono::hours{1000});
  EXPECT_FALSE(tasks_.RunDue());
  EXPECT_EQ(Only().next, std::nullopt);
  ASSERT_TRUE(tasks_.RunNow("compaction").ok());
  EXPECT_TRUE(tasks_.RunDue());
  EXPECT_FALSE(tasks_.RunDue());
  EXPECT_THAT(runs_, ElementsAre("compaction (asked)"));
}

TEST_F(MaintenanceTest, WhatRunsOrWaitsIsNotAskedForAgain) {
  Status while_running;
  tasks_.Add("sweep", seconds{0}, [&](const Maintenance::Run&) -> Result<std::string> {
    EXPECT_TRUE(Only().running);
    while_running = tasks_.RunNow("sweep");
    return std::string("swept");
  });
  ASSERT_TRUE(tasks_.RunNow("sweep").ok());
  EXPECT_EQ(tasks_.RunNow("sweep").error().code, ErrorCode::kOverloaded);
  tasks_.RunDue();
  ASSERT_FALSE(while_running.ok());
  EXPECT_EQ(while_running.error().code, ErrorCode::kOverloaded);
  EXPECT_TRUE(tasks_.RunNow("sweep").ok());
}

TEST_F(MaintenanceTest, AnUnknownTaskCannotBeStarted) {
  const Status started = tasks_.RunNow("dishes");
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(started.error().message, HasSubstr("dishes"));
}

TEST_F(MaintenanceTest, AnotherThreadsTaskIsShownAndNotRun) {
  tasks_.AddOutside("history", seconds{5});
  clock_.Advance(seconds{60});
  EXPECT_FALSE(tasks_.RunDue());
  tasks_.Note("history", clock_.Now(), milliseconds{3}, std::string("written"));
  EXPECT_EQ(Only().last_result, "written");
  EXPECT_EQ(Only().next, clock_.Now() + seconds{5});
  EXPECT_EQ(tasks_.RunNow("history").error().code, ErrorCode::kNotFound);
}

TEST_F(MaintenanceTest, ANewIntervalCountsFromNowAndNeverDelaysWhatIsDue) {
  tasks_.Add("sweep", seconds{60}, Counting("sweep"));
  tasks_.SetInterval("sweep", seconds{3600});
  EXPECT_EQ(Only().next, clock_.Now() + seconds{60});
  clock_.Advance(seconds{60});
  EXPECT_TRUE(tasks_.RunDue());
  EXPECT_EQ(Only().next, clock_.Now() + seconds{3600});
  tasks_.SetInterval("sweep", seconds{10});
  EXPECT_EQ(Only().next, clock_.Now() + seconds{10});
  tasks_.SetInterval("sweep", seconds{0});
  EXPECT_EQ(Only().next, std::nullopt);
}

TEST_F(MaintenanceTest, StoppingEndsTheRunUnderWay) {
  Mutex mutex;
  CondVar changed;
  bool running = false;
  bool told_to_end = false;
  tasks_.Add("endless", seconds{0}, [&](const Maintenance::Run& run) -> Result<std::string> {
    {
      MutexLock lock(mutex);
      running = true;
      changed.NotifyAll();
    }
    while (run.pause(std::chrono::hours{1})) {
    }
    told_to_end = true;
    return StoreError(ErrorCode::kCancelled, "ended early");
  });
  tasks_.Start();
  ASSERT_TRUE(tasks_.RunNow("endless").ok());
  {
    MutexLock lock(mutex);
    while (!running) changed.Wait(mutex);
  }
  tasks_.Stop();
  EXPECT_TRUE(told_to_end);
  tasks_.Stop();
}

TEST_F(MaintenanceTest, ATaskThatWantsToGoOnRunsAgainBehindTheOthers) {
  int left = 2;
  tasks_.Add("other", seconds{60}, Counting("other"));
  tasks_.Add("long", seconds{0}, [&](const Maintenance::Run& run) -> Result<std::string> {
    runs_.push_back("long");
    clock_.Advance(seconds{60});
    if (left-- > 0) run.again();
    return std::string("some");
  });
  ASSERT_TRUE(tasks_.RunNow("long").ok());
  EXPECT_TRUE(tasks_.RunDue());
  EXPECT_THAT(runs_, ElementsAre("long", "other", "long", "other", "long", "other"));
}

TEST_F(MaintenanceTest, WhoWaitsGetsTheOutcomeOfARunThatBeganLater) {
  std::atomic<int> runs{0};
  Gate first;
  tasks_.Add("work", seconds{0}, [&](const Maintenance::Run&) -> Result<std::string> {
    if (++runs == 1) first.Pass();
    return "run " + std::to_string(runs);
  });
  tasks_.Start();
  ASSERT_TRUE(tasks_.RunNow("work").ok());
  first.WaitUntilHeld();
  const auto outcome = tasks_.RunAndWait("work", [&] {
    first.Open();  // only once it waits
    return true;
  });
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(*outcome, "run 2");
}

TEST_F(MaintenanceTest, WhoWaitsGetsTheErrorOfTheRun) {
  tasks_.Add("work", seconds{0}, [](const Maintenance::Run&) -> Result<std::string> {
    return StoreError(ErrorCode::kIo, "no room");
  });
  tasks_.Start();
  const auto outcome = tasks_.RunAndWait("work", [] { return true; });
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::kIo);
  EXPECT_EQ(tasks_.RunAndWait("none", [] { return true; }).error().code, ErrorCode::kNotFound);
}

TEST_F(MaintenanceTest, WhoIsToldToWaitNoLongerDoesNot) {
  tasks_.Add("work", seconds{0}, Counting("work"));  // and no thread to run it
  const auto outcome = tasks_.RunAndWait("work", [] { return false; });
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace larder
