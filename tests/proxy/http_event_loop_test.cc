#include "proxy/http/event_loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <future>

namespace larder {
namespace {

constexpr std::chrono::seconds kWait{20};

std::unique_ptr<EventLoop> MakeLoop() {
  return std::move(EventLoop::Create()).value();
}

// Runs `task` on the loop and waits for it.
void OnLoop(EventLoop& loop, const std::function<void()>& task) {
  const auto done = std::make_shared<std::promise<void>>();
  loop.Post([done, &task] {
    task();
    done->set_value();
  });
  ASSERT_EQ(done->get_future().wait_for(kWait), std::future_status::ready);
}

struct SocketPair {
  SocketPair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0); }
  ~SocketPair() {
    for (const int fd : fds) ::close(fd);
  }
  std::array<int, 2> fds{};
};

TEST(EventLoopTest, PostedTasksRunInOrderOnOneThread) {
  const auto loop = MakeLoop();
  std::vector<int> order;
  std::vector<std::thread::id> threads;
  for (int i = 0; i < 100; ++i) {
    loop->Post([&, i] {
      order.push_back(i);
      threads.push_back(std::this_thread::get_id());
    });
  }
  loop->Start({}, 1000);
  OnLoop(*loop, [] {});
  loop->Stop();
  ASSERT_EQ(order.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  for (const auto id : threads) EXPECT_EQ(id, threads.front());
  EXPECT_NE(threads.front(), std::this_thread::get_id());
}

TEST(EventLoopTest, ATaskMayPostAnother) {
  const auto loop = MakeLoop();
  loop->Start({}, 1000);
  std::promise<void> done;
  loop->Post([&] { loop->Post([&] { done.set_value(); }); });
  EXPECT_EQ(done.get_future().wait_for(kWait), std::future_status::ready);
}

TEST(EventLoopTest, ADescriptorIsHandledWhileItIsReadable) {
  const auto loop = MakeLoop();
  SocketPair pair;
  std::promise<std::string> got;
  std::string bytes;
  ASSERT_TRUE(loop->Watch(pair.fds[0], EPOLLIN,
                          [&](std::uint32_t events) {
                            EXPECT_NE(events & EPOLLIN, 0U);
                            char byte = 0;
                            ASSERT_EQ(::read(pair.fds[0], &byte, 1), 1);
                            bytes.push_back(byte);
                            if (bytes.size() == 3) got.set_value(bytes);
                          })
                  .ok());
  loop->Start({}, 1000);
  ASSERT_EQ(::write(pair.fds[1], "abc", 3), 3);
  auto future = got.get_future();
  ASSERT_EQ(future.wait_for(kWait), std::future_status::ready);
  EXPECT_EQ(future.get(), "abc");
  loop->Stop();
}

TEST(EventLoopTest, AHandlerMayRemoveItselfAndItsNeighbourOfTheSameRound) {
  const auto loop = MakeLoop();
  SocketPair a;
  SocketPair b;
  int handled = 0;
  const auto handler = [&](std::uint32_t) {
    ++handled;
    loop->Unwatch(a.fds[0]);
    loop->Unwatch(b.fds[0]);
  };
  ASSERT_EQ(::write(a.fds[1], "a", 1), 1);
  ASSERT_EQ(::write(b.fds[1], "b", 1), 1);
  ASSERT_TRUE(loop->Watch(a.fds[0], EPOLLIN, handler).ok());
  ASSERT_TRUE(loop->Watch(b.fds[0], EPOLLIN, handler).ok());
  loop->Start({}, 1000);
  OnLoop(*loop, [] {});
  OnLoop(*loop, [] {});
  loop->Stop();
  EXPECT_EQ(handled, 1);
}

TEST(EventLoopTest, AStaleEventDoesNotReachTheNextOwnerOfTheNumber) {
  const auto loop = MakeLoop();
  SocketPair a;
  SocketPair b;
  int stale = 0;
  int first = 0;
  // Whichever comes first removes both and watches the other's number anew, for writing only.
  const auto handler = [&](std::uint32_t) {
    if (++first > 1) return;
    for (const int fd : {a.fds[0], b.fds[0]}) {
      loop->Unwatch(fd);
      ASSERT_TRUE(loop->Watch(fd, 0, [&](std::uint32_t) { ++stale; }).ok());
    }
  };
  ASSERT_EQ(::write(a.fds[1], "a", 1), 1);
  ASSERT_EQ(::write(b.fds[1], "b", 1), 1);
  ASSERT_TRUE(loop->Watch(a.fds[0], EPOLLIN, handler).ok());
  ASSERT_TRUE(loop->Watch(b.fds[0], EPOLLIN, handler).ok());
  loop->Start({}, 1000);
  OnLoop(*loop, [] {});
  OnLoop(*loop, [] {});
  loop->Stop();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(stale, 0);
}

TEST(EventLoopTest, RewatchChangesWhatIsWaitedFor) {
  const auto loop = MakeLoop();
  SocketPair pair;
  std::promise<void> writable;
  ASSERT_TRUE(loop->Watch(pair.fds[0], EPOLLIN,
                          [&](std::uint32_t events) {
                            ASSERT_NE(events & EPOLLOUT, 0U);
                            loop->Unwatch(pair.fds[0]);
                            writable.set_value();
                          })
                  .ok());
  loop->Start({}, 1000);
  OnLoop(*loop, [&] { loop->Rewatch(pair.fds[0], EPOLLOUT); });
  EXPECT_EQ(writable.get_future().wait_for(kWait), std::future_status::ready);
}

TEST(EventLoopTest, WatchingWhatCannotBeWatchedIsAnError) {
  const auto loop = MakeLoop();
  EXPECT_EQ(loop->Watch(-1, EPOLLIN, [](std::uint32_t) {}).error().code, ErrorCode::kIo);
}

TEST(EventLoopTest, TicksWithoutEvents) {
  const auto loop = MakeLoop();
  std::promise<void> ticked;
  int ticks = 0;
  loop->Start(
      [&] {
        if (++ticks == 3) ticked.set_value();
      },
      5);
  EXPECT_EQ(ticked.get_future().wait_for(kWait), std::future_status::ready);
}

TEST(EventLoopTest, AfterStopTasksAreDroppedNotRunNorKept) {
  const auto loop = MakeLoop();
  loop->Start({}, 1000);
  loop->Stop();
  const auto held = std::make_shared<int>(1);
  bool ran = false;
  loop->Post([held, &ran] { ran = true; });
  EXPECT_EQ(held.use_count(), 1);
  loop->Stop();
  EXPECT_FALSE(ran);
}

TEST(EventLoopTest, StopLetsGoOfTasksThatDidNotRun) {
  const auto held = std::make_shared<int>(1);
  const auto loop = MakeLoop();
  loop->Post([held] {});
  loop->Stop();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(EventLoopTest, ManyThreadsPostWhileItStops) {
  for (int round = 0; round < 20; ++round) {
    const auto loop = MakeLoop();
    loop->Start({}, 1000);
    std::vector<std::thread> posters;
    auto ran = std::make_shared<int>(0);
    for (int t = 0; t < 3; ++t) {
      posters.emplace_back([&] {
        for (int i = 0; i < 200; ++i) loop->Post([ran] { ++*ran; });
      });
    }
    loop->Stop();
    for (std::thread& poster : posters) poster.join();
    EXPECT_LE(*ran, 600);
  }
}

}  // namespace
}  // namespace larder
