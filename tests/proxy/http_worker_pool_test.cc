#include "proxy/http/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>

#include "base/clock.h"

namespace larder {
namespace {

// A count that tests wait for, at most 20 s.
class Counter {
 public:
  void Add() {
    MutexLock lock(mutex_);
    ++count_;
    changed_.NotifyAll();
  }
  bool WaitFor(int count) {
    const MonoTime deadline = SystemClock().Monotonic() + std::chrono::seconds(20);
    MutexLock lock(mutex_);
    while (count_ < count) {
      if (!changed_.WaitUntil(mutex_, deadline)) return count_ >= count;
    }
    return true;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int count_ LARDER_GUARDED_BY(mutex_) = 0;
};

TEST(WorkerPoolTest, HasNoThreadBeforeItsFirstTask) {
  WorkerPool pool({.max_threads = 4, .queue_limit = 4});
  EXPECT_EQ(pool.threads(), 0U);
}

TEST(WorkerPoolTest, TasksThatBlockGetAThreadEachUpToTheLimitThenQueueThenAreRefused) {
  Counter running;
  Counter go;
  Counter done;
  WorkerPool pool({.max_threads = 3, .queue_limit = 2});
  const auto task = [&] {
    running.Add();
    go.WaitFor(1);
    done.Add();
  };
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(pool.Submit(task)) << i;
  EXPECT_FALSE(pool.Submit(task));
  EXPECT_TRUE(running.WaitFor(3));
  EXPECT_EQ(pool.threads(), 3U);
  EXPECT_EQ(pool.queued(), 2U);
  EXPECT_FALSE(pool.Submit(task));
  go.Add();
  EXPECT_TRUE(done.WaitFor(5));
}

TEST(WorkerPoolTest, WithoutAQueueItTakesExactlyAsManyTasksAsThreads) {
  Counter go;
  WorkerPool pool({.max_threads = 2, .queue_limit = 0});
  EXPECT_TRUE(pool.Submit([&] { go.WaitFor(1); }));
  EXPECT_TRUE(pool.Submit([&] { go.WaitFor(1); }));
  EXPECT_FALSE(pool.Submit([] {}));
  go.Add();
}

TEST(WorkerPoolTest, AnIdleThreadIsUsedAgain) {
  WorkerPool pool({.max_threads = 1, .queue_limit = 0});
  const MonoTime deadline = SystemClock().Monotonic() + std::chrono::seconds(20);
  std::set<std::thread::id> ran_on;
  for (int i = 0; i < 50; ++i) {
    Counter done;
    const auto task = [&] {
      ran_on.insert(std::this_thread::get_id());
      done.Add();
    };
    // Refused only while the thread is on its way back from the task before.
    while (!pool.Submit(task)) ASSERT_LT(SystemClock().Monotonic(), deadline);
    ASSERT_TRUE(done.WaitFor(1));
  }
  EXPECT_EQ(ran_on.size(), 1U);
}

TEST(WorkerPoolTest, StopRunsWhatWasQueuedAndRefusesTheRest) {
  std::atomic<int> ran{0};
  Counter go;
  WorkerPool pool({.max_threads = 1, .queue_limit = 100});
  ASSERT_TRUE(pool.Submit([&] { go.WaitFor(1); }));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(pool.Submit([&] { ++ran; }));
  go.Add();
  pool.Stop();
  EXPECT_EQ(ran, 50);
  EXPECT_FALSE(pool.Submit([&] { ++ran; }));
  pool.Stop();
}

TEST(WorkerPoolTest, ATaskMaySubmitAnother) {
  Counter done;
  WorkerPool pool({.max_threads = 2, .queue_limit = 8});
  ASSERT_TRUE(pool.Submit([&] {
    EXPECT_TRUE(pool.Submit([&] { done.Add(); }));
    done.Add();
  }));
  EXPECT_TRUE(done.WaitFor(2));
}

TEST(WorkerPoolTest, ATaskIsDestroyedBeforeItsThreadIdles) {
  Counter done;
  const auto held = std::make_shared<int>(1);
  std::weak_ptr<int> weak = held;
  WorkerPool pool({.max_threads = 1, .queue_limit = 8});
  {
    std::function<void()> task = [held = std::make_shared<int>(2), &weak, &done] {
      weak = held;
      done.Add();
    };
    ASSERT_TRUE(pool.Submit(std::move(task)));
  }
  ASSERT_TRUE(done.WaitFor(1));
  // The one thread begins the next task only when it has let go of the first.
  ASSERT_TRUE(pool.Submit([&] {
    EXPECT_TRUE(weak.expired());
    done.Add();
  }));
  EXPECT_TRUE(done.WaitFor(2));
}

TEST(WorkerPoolTest, EveryAcceptedTaskRunsOnceUnderManySubmitters) {
  std::atomic<int> accepted{0};
  std::atomic<int> ran{0};
  {
    WorkerPool pool({.max_threads = 4, .queue_limit = 16});
    std::vector<std::thread> submitters;
    for (int t = 0; t < 4; ++t) {
      submitters.emplace_back([&] {
        for (int i = 0; i < 2000; ++i) accepted += pool.Submit([&] { ++ran; });
      });
    }
    for (std::thread& submitter : submitters) submitter.join();
    EXPECT_LE(pool.threads(), 4U);
  }
  EXPECT_EQ(accepted, ran);
  EXPECT_GT(ran, 0);
}

}  // namespace
}  // namespace larder
