#include "proxy/admin/live_tail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "proxy/admin/events_endpoint.h"
#include "tests/proxy/telemetry_fixture.h"

namespace larder {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// What a stream has to say until it waits; "(end)" when it ends.
std::string ReadAll(BodySource& stream) {
  std::string text;
  while (true) {
    const ReadState state = stream.TryRead(1000, text);
    if (state == ReadState::kWait) return text;
    if (state == ReadState::kEnd) return text + "(end)";
  }
}

// The sequence numbers of its events.
std::vector<int> SeqsOf(const std::string& text) {
  std::vector<int> seqs;
  for (std::size_t at = text.find("id: "); at != std::string::npos;
       at = text.find("id: ", at + 1)) {
    seqs.push_back(std::stoi(text.substr(at + 4)));
  }
  return seqs;
}

class LiveTailTest : public TelemetryFixture {
 protected:
  LiveTailTest() : telemetry_(Start()), tail_(telemetry_->tail()) {}

  void Finish(int count, CacheOutcome outcome = CacheOutcome::kHit) {
    for (int i = 0; i < count; ++i) telemetry_->Record(Chat(outcome));
  }
  std::shared_ptr<BodySource> Open(std::size_t recent = 50, const EventFilter& filter = {},
                                   std::optional<std::uint64_t> last_seen = std::nullopt) {
    return tail_.Open(filter, recent, last_seen);
  }
  // The next reading, as soon as there may be one.
  std::string Next(BodySource& stream) {
    clock_.Advance(LiveTail::kPause);
    return ReadAll(stream);
  }
  Response Ask(const std::string& query, Headers headers = {}) {
    EventsEndpoint endpoint(tail_);
    Request request;
    request.method = "GET";
    request.target = "/admin/v1/events" + query;
    request.headers = std::move(headers);
    return endpoint.Handle(request, "");
  }

  std::unique_ptr<Telemetry> telemetry_;
  LiveTail& tail_;
};

TEST_F(LiveTailTest, BeginsWithTheLastRequestsOldestFirst) {
  Finish(5);
  EXPECT_THAT(SeqsOf(ReadAll(*Open(3))), ElementsAre(3, 4, 5));
  EXPECT_THAT(SeqsOf(ReadAll(*Open(50))), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(ReadAll(*Open(3)), testing::Not(HasSubstr("dropped")));
}

TEST_F(LiveTailTest, GoesOnWithEachRequestOnce) {
  Finish(2);
  const auto stream = Open(0);
  EXPECT_EQ(ReadAll(*stream), ":\n\n");
  Finish(2);
  EXPECT_THAT(SeqsOf(Next(*stream)), ElementsAre(3, 4));
  EXPECT_EQ(Next(*stream), "");
  Finish(1);
  EXPECT_THAT(SeqsOf(Next(*stream)), ElementsAre(5));
}

TEST_F(LiveTailTest, AnEventIsAnIdANameAndOneObject) {
  Finish(1);
  const std::string text = ReadAll(*Open());
  EXPECT_THAT(text, testing::StartsWith("id: 1\nevent: request\ndata: {\"seq\":1,\"time_ms\":"));
  EXPECT_THAT(text, testing::EndsWith("}\n\n"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
}

TEST_F(LiveTailTest, ShowsNoneOfLardersOwnRoutes) {
  telemetry_->Record(Finished("admin", CacheLayer::kNone, CacheOutcome::kBypass));
  Finish(1);
  telemetry_->Record(Finished("metrics", CacheLayer::kNone, CacheOutcome::kBypass));
  EXPECT_THAT(SeqsOf(ReadAll(*Open())), ElementsAre(1));
}

TEST_F(LiveTailTest, ResumesBehindTheLastOneThatWasSeen) {
  Finish(5);
  EXPECT_THAT(SeqsOf(ReadAll(*Open(0, {}, 3))), ElementsAre(4, 5));
  // Of an earlier process.
  EXPECT_THAT(SeqsOf(ReadAll(*Open(2, {}, 1000))), ElementsAre(4, 5));
}

TEST_F(LiveTailTest, TellsAResumingReaderWhatIsGone) {
  Finish(static_cast<int>(RecentRequests::kSlots) + 100);
  const std::string text = ReadAll(*Open(0, {}, 30));
  EXPECT_THAT(text, testing::StartsWith("event: dropped\ndata: {\"count\":70}\n\n"));
  EXPECT_EQ(SeqsOf(text).size(), RecentRequests::kSlots);
}

TEST_F(LiveTailTest, ASlowReaderGetsTheNewestAndIsToldOfTheRest) {
  const auto stream = Open(0);
  ReadAll(*stream);
  Finish(static_cast<int>(LiveTail::kMostAtOnce) + 7);
  const std::string text = Next(*stream);
  EXPECT_THAT(text, testing::StartsWith("event: dropped\ndata: {\"count\":7}\n\n"));
  EXPECT_EQ(SeqsOf(text).size(), LiveTail::kMostAtOnce);
  EXPECT_EQ(SeqsOf(text).front(), 8);
  Finish(2000);
  const std::string after = Next(*stream);
  EXPECT_THAT(after, HasSubstr("{\"count\":1900}"));
  EXPECT_EQ(SeqsOf(after).back(), 2107);
}

TEST_F(LiveTailTest, FiltersByOutcomeModelPartitionAndRoute) {
  RequestRecord record = Chat(CacheOutcome::kMiss);
  record.model = "m";
  record.partition = "01234567";
  telemetry_->Record(record);
  Finish(2);
  telemetry_->Record(Embeddings(CacheOutcome::kMiss, 1, 0));
  const std::pair<EventFilter, std::vector<int>> cases[] = {
      {{{"m", "", ""}, {}}, {1}},
      {{{"", "01234567", ""}, {}}, {1}},
      {{{"", "", "embeddings"}, {}}, {4}},
      {{{}, CacheOutcome::kHit}, {2, 3}},
      {{{"m", "", ""}, CacheOutcome::kHit}, {}}};
  for (const auto& [filter, seqs] : cases) EXPECT_EQ(SeqsOf(ReadAll(*Open(50, filter))), seqs);
}

TEST_F(LiveTailTest, SendsACommentWhenNothingElseWasSentForFifteenSeconds) {
  const auto stream = Open();
  EXPECT_EQ(ReadAll(*stream), ":\n\n");
  clock_.Advance(LiveTail::kHeartbeat - milliseconds(1));
  EXPECT_EQ(ReadAll(*stream), "");
  clock_.Advance(milliseconds(1));
  EXPECT_EQ(ReadAll(*stream), ":\n\n");
}

TEST_F(LiveTailTest, ATickWakesThoseThatHaveSomethingToSend) {
  const auto stream = Open(0);
  int woken = 0;
  stream->SetWaker([&] { ++woken; });
  ReadAll(*stream);
  telemetry_->Tick();
  EXPECT_EQ(woken, 0);
  Finish(1);
  clock_.Advance(LiveTail::kPause);
  telemetry_->Tick();
  telemetry_->Tick();
  EXPECT_EQ(woken, 1) << "once, until it has read";
  EXPECT_THAT(SeqsOf(ReadAll(*stream)), ElementsAre(1));
  clock_.Advance(LiveTail::kHeartbeat);
  telemetry_->Tick();
  EXPECT_EQ(woken, 2);
  stream->SetWaker({});
  Finish(1);
  telemetry_->Tick();
  EXPECT_EQ(woken, 2);
}

TEST_F(LiveTailTest, EndsWhenTheServerDoes) {
  const auto stream = Open();
  bool woken = false;
  stream->SetWaker([&] { woken = true; });
  ReadAll(*stream);
  tail_.Close();
  EXPECT_TRUE(woken);
  EXPECT_EQ(ReadAll(*stream), "(end)");
  EXPECT_EQ(ReadAll(*Open()), "(end)");
}

TEST_F(LiveTailTest, AreNoMoreThanAllowedAtATime) {
  std::vector<std::shared_ptr<BodySource>> streams;
  for (int i = 0; i < 32; ++i) streams.push_back(Open());
  EXPECT_NE(streams.back(), nullptr);
  EXPECT_EQ(Open(), nullptr);
  EXPECT_EQ(Ask("").status, 503);
  streams.pop_back();
  EXPECT_EQ(tail_.open(), 31U);
  EXPECT_EQ(Ask("").status, 200);
}

TEST_F(LiveTailTest, MissesNoneWhileManyThreadsRecord) {
  constexpr int kThreads = 3;
  constexpr int kRecords = 300;
  const auto stream = Open(0);
  std::atomic<bool> done{false};
  std::size_t events = 0;
  std::size_t dropped = 0;
  int last = 0;
  const auto take = [&] {
    const std::string text = Next(*stream);
    for (const int seq : SeqsOf(text)) {
      EXPECT_GT(seq, last);
      last = seq;
      ++events;
    }
    if (const auto at = text.find("\"count\":"); at != std::string::npos) {
      dropped += std::stoul(text.substr(at + 8));
    }
  };
  ReadAll(*stream);
  std::thread reader([&] {
    while (!done) take();
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back([&] { Finish(kRecords); });
  for (std::thread& thread : threads) thread.join();
  done = true;
  reader.join();
  take();
  EXPECT_EQ(events + dropped, std::size_t{kThreads} * kRecords);
  EXPECT_EQ(last, kThreads * kRecords);
}

TEST_F(LiveTailTest, TheEndpointStreamsEvents) {
  Finish(3);
  Response response = Ask("?recent=2&route=chat&outcome=hit");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.Find("content-type"), "text/event-stream");
  ASSERT_NE(response.stream, nullptr);
  EXPECT_THAT(SeqsOf(ReadAll(*response.stream)), ElementsAre(2, 3));
  EXPECT_THAT(SeqsOf(ReadAll(*Ask("", {{"last-event-id", "2"}}).stream)), ElementsAre(3));
  EXPECT_TRUE(EventsEndpoint(tail_).plan().on_loop) << "it waits for nothing";
}

TEST_F(LiveTailTest, TheEndpointRefusesWhatItDoesNotKnow) {
  for (const char* query : {"?recent=501", "?recent=-1", "?recent=x", "?outcome=hits", "?limit=3",
                            "?partition=xyz", "?recent=1&recent=2"}) {
    EXPECT_EQ(Ask(query).status, 400) << query;
  }
}

}  // namespace
}  // namespace larder
