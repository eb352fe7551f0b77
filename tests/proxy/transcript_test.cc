#include "proxy/relay/transcript.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "proxy/http/byte_channel.h"
#include "tests/support/fake_upstream.h"

namespace larder {
namespace {

using Got = std::pair<ReadState, std::string>;

MonoTime Soon() {
  return SystemClock().Monotonic() + std::chrono::seconds(20);
}

Got Read(BodySource& source, std::size_t max_bytes = 1 << 20) {
  std::string out;
  const ReadState state = source.TryRead(max_bytes, out);
  return {state, out};
}

// Reads to the end; the bytes, and the state they ended in.
Got ReadAll(BodySource& source, std::size_t step = 1000) {
  std::string bytes;
  while (true) {
    const auto state = ReadSome(source, step, bytes, Soon());
    if (!state.ok()) return {ReadState::kWait, bytes};
    if (*state != ReadState::kData) return {*state, bytes};
  }
}

// `total` bytes that are there at once, each telling its place; counts what was taken.
class CountingBody final : public BodySource {
 public:
  CountingBody(std::size_t total, std::atomic<std::size_t>& taken) : total_(total), taken_(taken) {}
  static char At(std::size_t place) { return static_cast<char>(place % 251); }
  ReadState TryRead(std::size_t max_bytes, std::string& out) override {
    const std::size_t size = std::min(max_bytes, total_ - taken_);
    for (std::size_t i = 0; i < size; ++i) out.push_back(At(taken_++));
    return size > 0 ? ReadState::kData : ReadState::kEnd;
  }
  void SetWaker(std::function<void()> /*waker*/) override {}
  Error error() const override { return InternalError("it does not break off"); }

 private:
  const std::size_t total_;
  std::atomic<std::size_t>& taken_;
};

class TranscriptTest : public testing::Test {
 protected:
  std::shared_ptr<Transcript> Make(std::shared_ptr<BodySource> source,
                                   Transcript::Options options = {}) {
    return std::make_shared<Transcript>(
        std::move(source), options, [this](std::string_view piece) { pieces_.emplace_back(piece); },
        [this](std::optional<std::string_view> whole) {
          ++ends_;
          if (whole) whole_ = std::string(*whole);
        });
  }
  // A transcript of a body that the test feeds.
  std::shared_ptr<Transcript> MakeFed() {
    stream_ = upstream_.Stream();
    return Make(upstream_.Send({}).value().body);
  }

  FakeUpstream upstream_;
  std::shared_ptr<FakeStream> stream_;
  // Written under the transcript's lock.
  std::vector<std::string> pieces_;
  int ends_ = 0;
  std::optional<std::string> whole_;
};

TEST_F(TranscriptTest, ReadersAtTheirOwnPaceSeeEqualBytesAndTheEnd) {
  const auto transcript = MakeFed();
  const auto fast = transcript->NewReader();
  const auto slow = transcript->NewReader();
  EXPECT_EQ(Read(*fast), Got(ReadState::kWait, ""));
  stream_->Push("one ");
  EXPECT_EQ(Read(*fast), Got(ReadState::kData, "one "));
  EXPECT_EQ(Read(*slow, 2), Got(ReadState::kData, "on"));
  stream_->Push("two ");
  EXPECT_EQ(Read(*fast), Got(ReadState::kData, "two "));
  const auto late = transcript->NewReader();
  stream_->Push("three");
  stream_->End();
  EXPECT_EQ(ReadAll(*late, 3), Got(ReadState::kEnd, "one two three"));
  EXPECT_EQ(ReadAll(*fast), Got(ReadState::kEnd, "three"));
  EXPECT_EQ(ReadAll(*slow, 1), Got(ReadState::kEnd, "e two three"));
  EXPECT_EQ(Read(*slow), Got(ReadState::kEnd, ""));
  EXPECT_EQ(ReadAll(*transcript->NewReader()), Got(ReadState::kEnd, "one two three"));
}

TEST_F(TranscriptTest, TheWholeBodyIsToldOnceBeforeAnyReaderLearnsOfTheEnd) {
  const auto transcript = MakeFed();
  const auto a = transcript->NewReader();
  const auto b = transcript->NewReader();
  stream_->Push("one ");
  stream_->Push("two");
  stream_->End();
  EXPECT_EQ(Read(*a), Got(ReadState::kData, "one "));
  EXPECT_EQ(ends_, 0);
  EXPECT_EQ(Read(*a), Got(ReadState::kData, "two"));
  EXPECT_EQ(ends_, 0);
  EXPECT_EQ(Read(*a), Got(ReadState::kEnd, ""));
  EXPECT_EQ(ends_, 1);
  EXPECT_EQ(whole_, "one two");
  EXPECT_EQ(pieces_, (std::vector<std::string>{"one ", "two"}));
  ReadAll(*a);
  ReadAll(*b);
  EXPECT_EQ(ends_, 1);
}

TEST_F(TranscriptTest, AnEmptyBodyIsWhole) {
  const auto transcript = MakeFed();
  stream_->End();
  EXPECT_EQ(Read(*transcript->NewReader()), Got(ReadState::kEnd, ""));
  EXPECT_EQ(ends_, 1);
  EXPECT_EQ(whole_, "");
}

TEST_F(TranscriptTest, ACutReachesEveryReaderBehindTheSameBytesAndNothingIsWhole) {
  const auto transcript = MakeFed();
  const auto fast = transcript->NewReader();
  const auto slow = transcript->NewReader();
  stream_->Push("partial");
  stream_->Cut(UpstreamError(ErrorCode::kUnavailable, "cut"));
  for (const auto& reader : {fast, slow, transcript->NewReader()}) {
    EXPECT_EQ(ReadAll(*reader, 2), Got(ReadState::kFailed, "partial"));
    EXPECT_EQ(reader->error().message, "cut");
  }
  EXPECT_EQ(ends_, 1);
  EXPECT_EQ(whole_, std::nullopt);
}

TEST_F(TranscriptTest, DroppedBeforeItsEndItCancelsTheSourceAndNeverTellsAnEnd) {
  auto transcript = MakeFed();
  auto a = transcript->NewReader();
  auto b = transcript->NewReader();
  transcript.reset();
  stream_->Push("some");
  EXPECT_EQ(Read(*a), Got(ReadState::kData, "some"));
  a.reset();
  EXPECT_FALSE(stream_->dropped());
  b.reset();
  EXPECT_TRUE(stream_->dropped());
  EXPECT_EQ(upstream_.cancelled(), 1U);
  EXPECT_EQ(ends_, 0);
}

TEST_F(TranscriptTest, AReaderThatStaysKeepsItAlive) {
  auto transcript = MakeFed();
  auto leaver = transcript->NewReader();
  const auto stayer = transcript->NewReader();
  transcript.reset();
  stream_->Push("a");
  EXPECT_EQ(Read(*leaver), Got(ReadState::kData, "a"));
  leaver.reset();
  stream_->Push("b");
  stream_->End();
  EXPECT_EQ(ReadAll(*stayer), Got(ReadState::kEnd, "ab"));
  EXPECT_EQ(whole_, "ab");
}

TEST_F(TranscriptTest, EveryWaitingReaderIsWokenForBytesAndForTheEnd) {
  const auto transcript = MakeFed();
  std::vector<std::shared_ptr<BodySource>> readers;
  std::vector<int> woken(3);
  for (std::size_t i = 0; i < 3; ++i) {
    readers.push_back(transcript->NewReader());
    EXPECT_EQ(Read(*readers[i]), Got(ReadState::kWait, ""));
    readers[i]->SetWaker([&woken, i] { ++woken[i]; });
  }
  stream_->Push("a");
  for (const int count : woken) EXPECT_GE(count, 1);
  woken = {0, 0, 0};
  stream_->End();
  for (const int count : woken) EXPECT_GE(count, 1);
  readers[0]->SetWaker({});
  woken = {0, 0, 0};
  ReadAll(*readers[1]);
  EXPECT_EQ(woken[0], 0);
  for (const auto& reader : readers) reader->SetWaker({});
}

TEST_F(TranscriptTest, AtTheRecordLimitABodyIsWholeAndOneByteBeyondItIsNot) {
  for (const std::size_t size : {1000U, 1001U}) {
    whole_.reset();
    ends_ = 0;
    const auto transcript = Make(std::make_shared<StringBody>(std::string(size, 'x')),
                                 {.record_limit_bytes = 1000, .window_bytes = 100});
    EXPECT_EQ(ReadAll(*transcript->NewReader()), Got(ReadState::kEnd, std::string(size, 'x')));
    EXPECT_EQ(ends_, 1);
    EXPECT_EQ(whole_.has_value(), size == 1000);
  }
}

constexpr Transcript::Options kNarrow{.record_limit_bytes = 100'000, .window_bytes = 50'000};
constexpr std::size_t kPull = 32 * 1024;  // one read from the source

TEST_F(TranscriptTest, BeyondTheRecordLimitAFastReaderWaitsForTheSlowest) {
  std::atomic<std::size_t> taken{0};
  constexpr std::size_t kTotal = 2'000'000;
  const auto transcript = Make(std::make_shared<CountingBody>(kTotal, taken), kNarrow);
  const auto fast = transcript->NewReader();
  const auto slow = transcript->NewReader();
  int woken = 0;
  fast->SetWaker([&] { ++woken; });
  std::size_t slow_at = 0;
  std::size_t fast_at = 0;
  ReadState state = ReadState::kData;
  while (state != ReadState::kEnd) {
    while ((state = Read(*fast, 7000).first) == ReadState::kData) ++fast_at;
    ASSERT_LE(taken, std::max(slow_at + kNarrow.window_bytes, kNarrow.record_limit_bytes) + kPull);
    if (state == ReadState::kEnd) break;
    woken = 0;
    const Got got = Read(*slow, 20'000);
    ASSERT_EQ(got.first, ReadState::kData);
    for (std::size_t i = 0; i < got.second.size(); ++i) {
      ASSERT_EQ(got.second[i], CountingBody::At(slow_at + i));
    }
    slow_at += got.second.size();
    if (slow_at > kNarrow.record_limit_bytes) {
      ASSERT_GE(woken, 1) << slow_at;
    }
  }
  EXPECT_EQ(ReadAll(*slow).first, ReadState::kEnd);
  EXPECT_EQ(taken, kTotal);
  EXPECT_EQ(whole_, std::nullopt);
  EXPECT_EQ(ends_, 1);
  fast->SetWaker({});
}

TEST_F(TranscriptTest, BeyondTheRecordLimitALateReaderIsTurnedAway) {
  std::atomic<std::size_t> taken{0};
  const auto transcript = Make(std::make_shared<CountingBody>(1'000'000, taken), kNarrow);
  const auto reader = transcript->NewReader();
  EXPECT_NE(transcript->NewReader(), nullptr);
  EXPECT_EQ(ReadAll(*reader).first, ReadState::kEnd);
  EXPECT_EQ(transcript->NewReader(), nullptr);
}

TEST_F(TranscriptTest, AFastReaderGoesOnWhenTheSlowestLeaves) {
  std::atomic<std::size_t> taken{0};
  const auto transcript = Make(std::make_shared<CountingBody>(1'000'000, taken), kNarrow);
  const auto fast = transcript->NewReader();
  auto slow = transcript->NewReader();
  while (Read(*fast).first == ReadState::kData) {
  }
  int woken = 0;
  fast->SetWaker([&] { ++woken; });
  EXPECT_EQ(Read(*fast).first, ReadState::kWait);
  slow.reset();
  EXPECT_GE(woken, 1);
  fast->SetWaker({});
  EXPECT_EQ(ReadAll(*fast).first, ReadState::kEnd);
}

TEST_F(TranscriptTest, ConcurrentReadersSeeEqualBytesWithinAndBeyondTheRecordLimit) {
  for (const std::size_t limit : {4'000'000UL, 50'000UL}) {
    pieces_.clear();
    whole_.reset();
    ends_ = 0;
    auto channel = std::make_shared<ByteChannel>(20'000);
    std::atomic<bool> room{true};
    auto transcript = Make(channel, {.record_limit_bytes = limit, .window_bytes = 30'000});
    std::string all;
    for (std::size_t i = 0; i < 1'000'000; ++i) all.push_back(CountingBody::At(i));
    std::vector<std::thread> threads;
    std::atomic<int> equal{0};
    std::vector<std::shared_ptr<BodySource>> readers;
    for (int r = 0; r < 4; ++r) readers.push_back(transcript->NewReader());
    transcript.reset();
    for (std::size_t r = 0; r < 4; ++r) {
      threads.emplace_back([&, r] {
        if (r == 3) {  // leaves in the middle
          std::string some;
          while (some.size() < 30'000 && ReadSome(*readers[r], 501, some, Soon()).ok()) {
          }
          equal += all.starts_with(some);
          readers[r].reset();
          return;
        }
        equal += ReadAll(*readers[r], 777 * (r + 1)) == Got(ReadState::kEnd, all);
      });
    }
    channel->SetRoomWaker([&] { room = true; });
    for (std::size_t at = 0; at < all.size(); at += 1000) {
      const MonoTime deadline = Soon();
      while (!room && SystemClock().Monotonic() < deadline) std::this_thread::yield();
      room = false;
      if (channel->Write(std::string_view(all).substr(at, 1000))) room = true;
    }
    channel->Close(std::nullopt);
    for (std::thread& thread : threads) thread.join();
    channel->SetRoomWaker({});
    EXPECT_EQ(equal, 4);
    EXPECT_EQ(ends_, 1);
    EXPECT_EQ(whole_.has_value(), limit > all.size());
    std::string joined;
    for (const std::string& piece : pieces_) joined += piece;
    EXPECT_EQ(joined, all);
  }
}

TEST_F(TranscriptTest, ReadersLeaveWhileTheSourceWakesThem) {
  for (int round = 0; round < 50; ++round) {
    auto channel = std::make_shared<ByteChannel>(1 << 20);
    auto transcript = Make(channel);
    std::vector<std::shared_ptr<BodySource>> readers;
    for (int r = 0; r < 3; ++r) readers.push_back(transcript->NewReader());
    transcript.reset();
    std::vector<std::thread> threads;
    for (auto& reader : readers) {
      threads.emplace_back([&reader] {
        std::string some;
        (void)ReadSome(*reader, 10, some, Soon()).ok();
        reader.reset();
      });
    }
    for (int i = 0; i < 20; ++i) channel->Write("some bytes");
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace larder
