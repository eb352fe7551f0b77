// What OffLoopStore adds to a Store; what every Store does is in store_contract_test.cc.
#include "cache/off_loop_store.h"

#include <gtest/gtest.h>

#include <deque>
#include <future>

#include "base/fiber.h"
#include "cache/memory_store.h"
#include "tests/support/faulty_store.h"

namespace larder {
namespace {

constexpr Family kFamily = Family::kEmbeddings;

WriteBatch PutOf(std::string_view key, std::string value) {
  WriteBatch batch;
  batch.Put(kFamily, key, std::move(value));
  return batch;
}

class OffLoopStoreTest : public testing::Test {
 protected:
  // Runs `body` on a fiber to its end, as a loop would.
  void OnFiber(std::function<void()> body) {
    FiberRunner runner([this](std::function<void()> task) {
      MutexLock lock(mutex_);
      tasks_.push_back(std::move(task));
      changed_.NotifyAll();
    });
    ASSERT_TRUE(runner.Run(std::move(body)));
    while (runner.alive() > 0) {
      std::function<void()> task;
      {
        MutexLock lock(mutex_);
        while (tasks_.empty()) changed_.Wait(mutex_);
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }
  std::optional<std::string> Stored(std::string_view key) const {
    const std::array keys = {key};
    return memory_.MultiGet(kFamily, keys).value()[0];
  }

  // The first write has succeeded; the next one of the inner store begins and waits for release_.
  void WarmUpAndHold(OffLoopStore& store) {
    ASSERT_TRUE(store.Apply(PutOf("first", "")).ok());
    faulty_.OnWrite([this] {
      started_.set_value();
      release_.get_future().wait();
      faulty_.OnWrite({});
    });
  }

  MemoryStore memory_;
  FaultyStore faulty_{memory_};
  std::promise<void> started_;
  std::promise<void> release_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> tasks_ LARDER_GUARDED_BY(mutex_);
};

TEST_F(OffLoopStoreTest, AFiberThatPutsDoesNotWait) {
  OffLoopStore store(faulty_);
  WarmUpAndHold(store);
  bool done = false;
  OnFiber([&] {
    EXPECT_TRUE(store.Apply(PutOf("a", "1")).ok());
    done = true;
  });
  EXPECT_TRUE(done);
  started_.get_future().wait();
  EXPECT_EQ(Stored("a"), std::nullopt);
  EXPECT_GT(store.queued_bytes(), 0U);
  release_.set_value();
  ASSERT_TRUE(store.Flush().ok());
  EXPECT_EQ(Stored("a"), "1");
  EXPECT_EQ(store.queued_bytes(), 0U);
}

TEST_F(OffLoopStoreTest, AThreadWaitsAndIsToldWhatBecameOfItsWrite) {
  OffLoopStore store(faulty_);
  EXPECT_TRUE(store.Apply(PutOf("a", "1")).ok());
  EXPECT_EQ(Stored("a"), "1");
  faulty_.FailWrites(true);
  EXPECT_FALSE(store.Apply(PutOf("a", "2")).ok());
  EXPECT_EQ(Stored("a"), "1");
}

TEST_F(OffLoopStoreTest, AFiberThatDeletesWaits) {
  OffLoopStore store(faulty_);
  ASSERT_TRUE(store.Apply(PutOf("a", "1")).ok());
  OnFiber([&] {
    WriteBatch batch;
    batch.Delete(kFamily, "a");
    EXPECT_TRUE(store.Apply(batch).ok());
    EXPECT_EQ(Stored("a"), std::nullopt);
  });
}

TEST_F(OffLoopStoreTest, BeforeTheFirstWriteAFiberWaitsAndIsTold) {
  OffLoopStore store(faulty_);
  faulty_.FailWrites(true);
  OnFiber([&] { EXPECT_FALSE(store.Apply(PutOf("a", "1")).ok()); });
}

TEST_F(OffLoopStoreTest, OnceAWriteHasFailedFibersAreToldUntilOneSucceeds) {
  OffLoopStore store(faulty_);
  ASSERT_TRUE(store.Apply(PutOf("first", "")).ok());
  faulty_.FailWrites(true);
  OnFiber([&] {
    EXPECT_TRUE(store.Apply(PutOf("a", "1")).ok());  // nothing had failed yet
    (void)store.Flush();
    EXPECT_FALSE(store.Apply(PutOf("b", "1")).ok());
    EXPECT_FALSE(store.Apply(PutOf("c", "1")).ok());
  });
  EXPECT_EQ(store.failed_unseen(), 1U) << "the one whose caller had gone on";
  faulty_.FailWrites(false);
  OnFiber([&] {
    EXPECT_TRUE(store.Apply(PutOf("d", "1")).ok());
    EXPECT_EQ(Stored("d"), "1");  // it waited, for the last had failed
  });
}

TEST_F(OffLoopStoreTest, WritesKeepTheirOrderAndGoTogether) {
  OffLoopStore store(faulty_);
  WarmUpAndHold(store);
  OnFiber([&] {
    for (int i = 0; i < 100; ++i) (void)store.Apply(PutOf("a", std::to_string(i)));
    (void)store.Apply(PutOf("b", "1"));
  });
  started_.get_future().wait();
  release_.set_value();
  ASSERT_TRUE(store.Flush().ok());
  EXPECT_EQ(Stored("a"), "99");
  EXPECT_EQ(Stored("b"), "1");
  EXPECT_LE(faulty_.writes(), 4U);
}

TEST_F(OffLoopStoreTest, AFullQueueMakesAFiberWait) {
  OffLoopStore store(faulty_, {.max_queued_bytes = 1000});
  WarmUpAndHold(store);
  std::thread opener;
  OnFiber([&] {
    (void)store.Apply(PutOf("a", std::string(2000, 'x')));
    started_.get_future().wait();
    opener = std::thread([&] { release_.set_value(); });
    EXPECT_TRUE(store.Apply(PutOf("b", "1")).ok());
    EXPECT_TRUE(Stored("a").has_value());
  });
  opener.join();
}

TEST_F(OffLoopStoreTest, WhatIsQueuedIsWrittenAtTheEnd) {
  {
    OffLoopStore store(faulty_);
    WarmUpAndHold(store);
    OnFiber([&] {
      (void)store.Apply(PutOf("a", "1"));
      (void)store.Apply(PutOf("b", "2"));
    });
    release_.set_value();
  }
  EXPECT_EQ(Stored("b"), "2");
}

TEST_F(OffLoopStoreTest, AScanSeesWhatWasAppliedBefore) {
  OffLoopStore store(faulty_);
  OnFiber([&] {
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(store.Apply(PutOf(std::to_string(i), "1")).ok());
    int seen = 0;
    EXPECT_TRUE(store
                    .ForEach(kFamily, "",
                             [&](std::string_view, std::string_view) {
                               ++seen;
                               return true;
                             })
                    .ok());
    EXPECT_EQ(seen, 50);
  });
}

TEST_F(OffLoopStoreTest, AReadThatMustWaitForTheMediumSuspendsItsFiberAlone) {
  ASSERT_TRUE(memory_.Apply(PutOf("a", "1")).ok());
  std::atomic<Fiber*> reader{reinterpret_cast<Fiber*>(1)};
  faulty_.OnRead([&] { reader = Fiber::Current(); });
  OffLoopStore store(faulty_);
  OnFiber([&] {
    const std::array<std::string_view, 2> keys = {"a", "b"};
    const auto values = store.MultiGet(kFamily, keys);
    ASSERT_TRUE(values.ok());
    EXPECT_EQ((*values)[0], "1");
    EXPECT_EQ((*values)[1], std::nullopt);
  });
  EXPECT_EQ(reader.load(), nullptr);
  faulty_.FailReads(true);
  OnFiber([&] {
    const std::array<std::string_view, 1> keys = {"a"};
    EXPECT_FALSE(store.MultiGet(kFamily, keys).ok());
  });
}

}  // namespace
}  // namespace larder
