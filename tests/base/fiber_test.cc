#include "base/fiber.h"

#include <gtest/gtest.h>

#include <deque>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace larder {
namespace {

using std::chrono::steady_clock;

// A thread's worth of posted tasks, run by hand.
class ManualLoop {
 public:
  FiberRunner::Post post() {
    return [this](std::function<void()> task) {
      MutexLock lock(mutex_);
      tasks_.push_back(std::move(task));
      changed_.NotifyAll();
    };
  }
  // Runs what was posted, and what that posts, until nothing is left.
  void RunAll() {
    while (auto task = Take(false)) task();
  }
  // Waits for a task of another thread and runs it.
  void RunOne() { Take(true)(); }

 private:
  std::function<void()> Take(bool wait) {
    MutexLock lock(mutex_);
    while (wait && tasks_.empty()) changed_.Wait(mutex_);
    if (tasks_.empty()) return nullptr;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> tasks_;
};

// A flag that is waited for.
struct Flag {
  Mutex mutex;
  CondVar changed;
  bool up = false;
  void Raise() {
    MutexLock lock(mutex);
    up = true;
    changed.NotifyAll();
  }
  void Await() {
    MutexLock lock(mutex);
    while (!up) changed.Wait(mutex);
  }
  bool AwaitUntil(steady_clock::time_point deadline) {
    MutexLock lock(mutex);
    while (!up) {
      if (!changed.WaitUntil(mutex, deadline)) return up;
    }
    return true;
  }
};

TEST(FiberTest, RunsToItsEndAtOnceWhenItWaitsForNothing) {
  ManualLoop loop;
  FiberRunner runner(loop.post());
  EXPECT_EQ(Fiber::Current(), nullptr);
  bool inside = false;
  ASSERT_TRUE(runner.Run([&] { inside = Fiber::Current() != nullptr; }));
  EXPECT_TRUE(inside);
  EXPECT_EQ(Fiber::Current(), nullptr);
  EXPECT_EQ(runner.alive(), 0U);
}

TEST(FiberTest, AWaitSuspendsTheFiberAndNotItsThread) {
  ManualLoop loop;
  FiberRunner runner(loop.post());
  Flag flag;
  std::vector<int> order;
  runner.Run([&] {
    order.push_back(1);
    flag.Await();
    order.push_back(3);
  });
  order.push_back(2);
  loop.RunAll();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  flag.Raise();
  loop.RunAll();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(runner.alive(), 0U);
}

TEST(FiberTest, IsWokenByAnotherThread) {
  ManualLoop loop;
  FiberRunner runner(loop.post());
  Flag flag;
  bool done = false;
  runner.Run([&] {
    flag.Await();
    done = true;
  });
  std::thread other([&] { flag.Raise(); });
  loop.RunOne();
  other.join();
  EXPECT_TRUE(done);
}

TEST(FiberTest, NotifyAllWakesFibersAndThreadsThatWaitTogether) {
  ManualLoop loop;
  FiberRunner runner(loop.post());
  Flag flag;
  int woken = 0;
  for (int i = 0; i < 100; ++i) {
    runner.Run([&] {
      flag.Await();
      ++woken;
    });
  }
  std::thread other([&] { flag.Await(); });
  flag.Raise();
  other.join();
  loop.RunAll();
  EXPECT_EQ(woken, 100);
  EXPECT_EQ(runner.alive(), 0U);
}

TEST(FiberTest, ADeadlineEndsAWaitAtTheNextTick) {
  ManualLoop loop;
  FiberRunner runner(loop.post());
  Flag flag;
  const auto deadline = steady_clock::now() + std::chrono::hours(1);
  bool in_time = true;
  runner.Run([&] { in_time = flag.AwaitUntil(deadline); });
  runner.OnTick(deadline - std::chrono::seconds(1));
  EXPECT_EQ(runner.alive(), 1U);
  runner.OnTick(deadline);
  EXPECT_FALSE(in_time);
  EXPECT_EQ(runner.alive(), 0U);
}

TEST(FiberTest, AWakeThatComesAfterTheDeadlineDoesNotEndTheNextWait) {
  ManualLoop loop;
  FiberRunner runner(loop.post());
  Mutex mutex;
  CondVar changed;
  int waits = 0;
  const auto deadline = steady_clock::now() + std::chrono::hours(1);
  runner.Run([&] {
    MutexLock lock(mutex);
    changed.WaitUntil(mutex, deadline);
    ++waits;
    changed.WaitUntil(mutex, deadline + std::chrono::hours(1));
    ++waits;
  });
  changed.NotifyAll();  // posted, not run yet
  runner.OnTick(deadline);
  EXPECT_EQ(waits, 1);
  loop.RunAll();
  EXPECT_EQ(waits, 1);
  changed.NotifyAll();
  loop.RunAll();
  EXPECT_EQ(waits, 2);
}

TEST(FiberTest, OneFiberMayBeginAnother) {
  ManualLoop loop;
  FiberRunner runner(loop.post());
  Flag flag;
  std::vector<int> order;
  runner.Run([&] {
    runner.Run([&] {
      order.push_back(1);
      flag.Await();
      order.push_back(3);
    });
    order.push_back(2);
  });
  flag.Raise();
  loop.RunAll();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(FiberTest, StacksAreUsedAgainAndDeepCallsFit) {
  ManualLoop loop;
  FiberRunner runner(loop.post());
  const std::function<int(int)> deep = [&](int depth) {
    volatile char frame[256];
    frame[0] = static_cast<char>(depth);
    return depth == 0 ? frame[0] : deep(depth - 1) + 1;
  };
  for (int i = 0; i < 200; ++i) {
    int reached = 0;
    ASSERT_TRUE(runner.Run([&] { reached = deep(500); }));
    ASSERT_EQ(reached, 500);
  }
}

TEST(FiberTest, ExceptionsAreCaughtInsideAFiber) {
  ManualLoop loop;
  FiberRunner runner(loop.post());
  Flag flag;
  std::string caught;
  runner.Run([&] {
    try {
      flag.Await();
      throw std::runtime_error("inside");
    } catch (const std::exception& e) {
      caught = e.what();
    }
  });
  flag.Raise();
  loop.RunAll();
  EXPECT_EQ(caught, "inside");
}

}  // namespace
}  // namespace larder
