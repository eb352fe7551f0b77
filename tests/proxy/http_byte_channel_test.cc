#include "proxy/http/byte_channel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

namespace larder {
namespace {

MonoTime Soon() {
  return SystemClock().Monotonic() + std::chrono::seconds(20);
}
Error Broken() {
  return UpstreamError(ErrorCode::kUnavailable, "it broke off");
}

// What one TryRead appends, and its state.
std::pair<ReadState, std::string> Read(BodySource& source, std::size_t max_bytes = 1 << 20) {
  std::string out;
  const ReadState state = source.TryRead(max_bytes, out);
  return {state, out};
}

using Got = std::pair<ReadState, std::string>;

TEST(ByteChannelTest, AnEmptyOpenChannelWaits) {
  ByteChannel channel(10);
  EXPECT_EQ(Read(channel), Got(ReadState::kWait, ""));
}

TEST(ByteChannelTest, BytesComeOutInOrderAndNeverMoreThanAskedFor) {
  ByteChannel channel(10);
  channel.Write("abc");
  channel.Write("de");
  EXPECT_EQ(Read(channel, 2), Got(ReadState::kData, "ab"));
  EXPECT_EQ(Read(channel, 2), Got(ReadState::kData, "cd"));
  EXPECT_EQ(Read(channel, 2), Got(ReadState::kData, "e"));
  EXPECT_EQ(Read(channel, 2), Got(ReadState::kWait, ""));
}

TEST(ByteChannelTest, TheEndComesBehindTheLastByteAndStays) {
  ByteChannel channel(10);
  channel.Write("abc");
  channel.Close(std::nullopt);
  EXPECT_EQ(Read(channel), Got(ReadState::kData, "abc"));
  EXPECT_EQ(Read(channel), Got(ReadState::kEnd, ""));
  EXPECT_EQ(Read(channel), Got(ReadState::kEnd, ""));
}

TEST(ByteChannelTest, AnErrorComesBehindTheLastByteAndSaysWhy) {
  ByteChannel channel(10);
  channel.Write("abc");
  channel.Close(Broken());
  EXPECT_EQ(Read(channel), Got(ReadState::kData, "abc"));
  EXPECT_EQ(Read(channel), Got(ReadState::kFailed, ""));
  EXPECT_EQ(Read(channel), Got(ReadState::kFailed, ""));
  EXPECT_EQ(channel.error().code, ErrorCode::kUnavailable);
}

TEST(ByteChannelTest, TheFirstCloseCountsAndLaterBytesAreDropped) {
  ByteChannel channel(10);
  channel.Close(std::nullopt);
  channel.Close(Broken());
  EXPECT_TRUE(channel.Write("abc"));
  EXPECT_EQ(Read(channel), Got(ReadState::kEnd, ""));
}

TEST(ByteChannelTest, IsFullExactlyAtItsCapacity) {
  ByteChannel channel(4);
  EXPECT_TRUE(channel.Write("abc"));
  EXPECT_FALSE(channel.Write("d"));
  EXPECT_FALSE(channel.Write("more is still kept"));
}

TEST(ByteChannelTest, TheRoomWakerRunsOnceWhenHalfIsFreeAgain) {
  ByteChannel channel(8);
  int woken = 0;
  channel.SetRoomWaker([&] { ++woken; });
  EXPECT_FALSE(channel.Write("12345678"));
  Read(channel, 3);
  EXPECT_EQ(woken, 0);
  Read(channel, 1);
  EXPECT_EQ(woken, 1);
  Read(channel, 4);
  EXPECT_EQ(woken, 1);
}

TEST(ByteChannelTest, TheRoomWakerDoesNotRunForAWriterThatWasNotRefused) {
  ByteChannel channel(8);
  int woken = 0;
  channel.SetRoomWaker([&] { ++woken; });
  EXPECT_TRUE(channel.Write("123"));
  Read(channel);
  EXPECT_EQ(woken, 0);
}

TEST(ByteChannelTest, TheDataWakerRunsForBytesAndForTheEnd) {
  ByteChannel channel(8);
  int woken = 0;
  channel.SetWaker([&] { ++woken; });
  channel.Write("a");
  EXPECT_EQ(woken, 1);
  channel.Close(std::nullopt);
  EXPECT_EQ(woken, 2);
  channel.SetWaker({});
  channel.Close(std::nullopt);
  EXPECT_EQ(woken, 2);
}

TEST(ByteChannelTest, AReaderThatLeavesWakesTheWriterAndItsBytesAreDropped) {
  ByteChannel channel(4);
  int woken = 0;
  channel.SetRoomWaker([&] { ++woken; });
  EXPECT_FALSE(channel.Write("12345"));
  EXPECT_FALSE(channel.reader_left());
  channel.Leave();
  EXPECT_TRUE(channel.reader_left());
  EXPECT_EQ(woken, 1);
  EXPECT_TRUE(channel.Write("12345"));
}

TEST(ByteChannelTest, NoWakerRunsOnceItWasRemoved) {
  ByteChannel channel(1 << 20);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    while (!stop) channel.Write("a");
  });
  for (int round = 0; round < 200; ++round) {
    auto alive = std::make_unique<std::atomic<int>>(0);  // a waker behind its removal would be seen
    channel.SetWaker([raw = alive.get()] { ++*raw; });
    Read(channel);
    channel.SetWaker({});
  }
  stop = true;
  writer.join();
}

TEST(ByteChannelTest, ASlowReaderStopsTheWriterAndEveryByteArrivesOnce) {
  constexpr std::size_t kCapacity = 1000;
  constexpr std::size_t kTotal = 2'000'000;
  ByteChannel channel(kCapacity);
  Mutex mutex;
  CondVar changed;
  bool room = true;
  channel.SetRoomWaker([&] {
    MutexLock lock(mutex);
    room = true;
    changed.NotifyAll();
  });
  std::atomic<std::size_t> written{0};
  std::atomic<std::size_t> taken{0};
  std::size_t most_ahead = 0;
  std::thread writer([&] {
    while (written < kTotal) {
      {
        MutexLock lock(mutex);
        while (!room) ASSERT_TRUE(changed.WaitUntil(mutex, Soon()));
        room = false;
      }
      bool more = true;
      while (more && written < kTotal) {
        std::string piece;
        for (std::size_t i = 0; i < 100; ++i)
          piece.push_back(static_cast<char>((written + i) % 251));
        more = channel.Write(piece);
        written += piece.size();
        most_ahead = std::max(most_ahead, written - taken);
      }
      if (more) {
        MutexLock lock(mutex);
        room = true;
      }
    }
    channel.Close(std::nullopt);
  });
  std::string piece;
  std::size_t wrong = 0;
  while (true) {
    piece.clear();
    const auto state = ReadSome(channel, 77, piece, Soon());
    ASSERT_TRUE(state.ok());
    if (*state == ReadState::kEnd) break;
    ASSERT_EQ(*state, ReadState::kData);
    for (const char byte : piece) wrong += byte != static_cast<char>(taken++ % 251);
  }
  writer.join();
  EXPECT_EQ(taken, kTotal);
  EXPECT_EQ(wrong, 0U);
  EXPECT_LE(most_ahead, kCapacity + 200);
}

TEST(ReadSomeTest, ReturnsWhatIsThereWithoutWaiting) {
  StringBody body("abc");
  std::string out;
  EXPECT_EQ(*ReadSome(body, 2, out, MonoTime{}), ReadState::kData);
  EXPECT_EQ(out, "ab");
}

TEST(ReadSomeTest, WaitsForTheWriter) {
  ByteChannel channel(10);
  std::thread writer([&] { channel.Write("abc"); });
  std::string out;
  EXPECT_EQ(*ReadSome(channel, 10, out, Soon()), ReadState::kData);
  EXPECT_EQ(out, "abc");
  writer.join();
}

TEST(ReadSomeTest, GivesUpAtTheDeadline) {
  ByteChannel channel(10);
  std::string out;
  const auto state =
      ReadSome(channel, 10, out, SystemClock().Monotonic() + std::chrono::milliseconds(20));
  ASSERT_FALSE(state.ok());
  EXPECT_EQ(state.error().code, ErrorCode::kDeadlineExceeded);
}

TEST(ReadWholeTest, ReturnsTheBodyOrWhyItBrokeOff) {
  StringBody body(std::string(200'000, 'x'));
  EXPECT_EQ(ReadWhole(body, 200'000, Soon()).value().size(), 200'000U);
  ByteChannel broken(10);
  broken.Write("abc");
  broken.Close(Broken());
  EXPECT_EQ(ReadWhole(broken, 100, Soon()).error().code, ErrorCode::kUnavailable);
}

TEST(ReadWholeTest, RefusesOneByteBeyondTheLimit) {
  StringBody fits("12345");
  EXPECT_TRUE(ReadWhole(fits, 5, Soon()).ok());
  StringBody larger("123456");
  const auto whole = ReadWhole(larger, 5, Soon());
  ASSERT_FALSE(whole.ok());
  EXPECT_EQ(whole.error().code, ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace larder
