#include "cache/maintenance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace larder
