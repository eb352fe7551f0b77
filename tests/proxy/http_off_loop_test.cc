#include "proxy/http/off_loop.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/fiber.h"
#include "proxy/http/event_loop.h"

namespace larder {
namespace {

TEST(OffLoopTest, OutsideAFiberWorkRunsRightHere) {
  WorkerPool pool({1, 1});
  std::thread::id ran;
  OffLoop(pool).Run([&] { ran = std::this_thread::get_id(); });
  EXPECT_EQ(ran, std::this_thread::get_id());
}

TEST(OffLoopTest, OnAFiberWorkRunsElsewhereAndTheLoopGoesOn) {
  WorkerPool pool({2, 8});
  const OffLoop off_loop(pool);
  auto created = EventLoop::Create();
  ASSERT_TRUE(created.ok());
  EventLoop& loop = **created;
  loop.Start({}, 100);
  std::promise<std::thread::id> loop_thread;
  std::promise<std::thread::id> ran;
  std::promise<void> may_end;
  std::promise<bool> back_on_the_loop;
  loop.Post([&] {
    loop_thread.set_value(std::this_thread::get_id());
    loop.fibers().Run([&] {
      off_loop.Run([&] {
        ran.set_value(std::this_thread::get_id());
        may_end.get_future().wait();
      });
      back_on_the_loop.set_value(EventLoop::Current() == &loop && Fiber::Current() != nullptr);
    });
  });
  EXPECT_NE(ran.get_future().get(), loop_thread.get_future().get());
  std::promise<void> another;
  loop.Post([&] { another.set_value(); });
  another.get_future().wait();  // while the work is still under way
  may_end.set_value();
  EXPECT_TRUE(back_on_the_loop.get_future().get());
}

TEST(OffLoopTest, WhenThePoolIsFullWorkRunsOnTheFiber) {
  WorkerPool pool({1, 1});
  pool.Stop();
  const OffLoop off_loop(pool);
  FiberRunner runner([](const std::function<void()>&) {});
  bool ran = false;
  runner.Run([&] { off_loop.Run([&] { ran = Fiber::Current() != nullptr; }); });
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace larder
