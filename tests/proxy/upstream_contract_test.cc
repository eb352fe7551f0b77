// What proxy/upstream/upstream.h promises, for every Upstream: the first suite for what any
// provider answers, the second for providers whose answers a test scripts.
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>
#include <thread>

#include "proxy/http/byte_channel.h"
#include "proxy/upstream/builtin/builtin_upstream.h"
#include "proxy/upstream/http_upstream.h"
#include "tests/proxy/http_transport_fixture.h"
#include "tests/support/fake_upstream.h"
#include "tests/support/raw_server.h"

namespace larder {
namespace {

using std::chrono::milliseconds;
using Got = std::pair<ReadState, std::string>;

MonoTime Soon() {
  return SystemClock().Monotonic() + std::chrono::seconds(20);
}

Got ReadAll(BodySource& body, std::size_t step = 1000) {
  std::string bytes;
  while (true) {
    const std::size_t before = bytes.size();
    const auto state = ReadSome(body, step, bytes, Soon());
    if (!state.ok()) return {ReadState::kWait, bytes};
    EXPECT_LE(bytes.size() - before, step);
    if (*state != ReadState::kData) return {*state, bytes};
    EXPECT_GT(bytes.size(), before);
  }
}

UpstreamRequest Request(const std::string& method, const std::string& path, std::string body = "") {
  UpstreamRequest request{.method = method, .path_and_query = path, .body = std::move(body)};
  request.first_byte_timeout = std::chrono::seconds(20);
  request.idle_timeout = std::chrono::seconds(20);
  return request;
}

// A provider as a test scripts it: GET /models answers 200, GET /nothing 404, unless scripted.
class Provider {
 public:
  virtual ~Provider() = default;
  virtual Upstream& upstream() = 0;
  // The next call is answered so: `pieces` one after another, then whole or broken off.
  virtual void Answer(int status, std::vector<std::string> pieces, bool cut) = 0;
  // The next call gets a head and `first`, then nothing until Go; then `rest` and the end.
  virtual void AnswerInTwo(const std::string& first, const std::string& rest) = 0;
  virtual void Go() = 0;
  // The next call gets no answer: the connection is lost, or nothing comes.
  virtual void Lose() = 0;
  virtual void StaySilent() = 0;
  // The body of the next call's reply, once it has been dropped.
  virtual bool WaitUntilDropped() = 0;
  // "POST /v1/a BODY" of the last call.
  virtual std::string last_call() = 0;
};

class FakeProvider final : public Provider {
 public:
  FakeProvider() {
    fake_.ComputeAlways([this](const FakeCall& call) -> Result<UpstreamReply> {
      const bool known = call.path_and_query == "/models";
      return fake_.Make({.status = known ? 200 : 404, .body = "{}"});
    });
  }
  Upstream& upstream() override { return fake_; }
  void Answer(int status, std::vector<std::string> pieces, bool cut) override {
    FakeReply reply{.status = status, .pieces = std::move(pieces)};
    if (cut) reply.cut = UpstreamError(ErrorCode::kUnavailable, "cut");
    fake_.Reply(std::move(reply));
  }
  void AnswerInTwo(const std::string& first, const std::string& rest) override {
    stream_ = fake_.Stream();
    stream_->Push(first);
    rest_ = rest;
  }
  void Go() override {
    stream_->Push(rest_);
    stream_->End();
  }
  void Lose() override { fake_.Fail(ErrorCode::kUnavailable); }
  void StaySilent() override { fake_.Hold(); }
  bool WaitUntilDropped() override { return stream_->WaitUntilDropped(); }
  std::string last_call() override {
    const FakeCall call = fake_.calls().back();
    return call.method + " " + call.path_and_query + " " + call.body;
  }

 private:
  FakeUpstream fake_;
  std::shared_ptr<FakeStream> stream_;
  std::string rest_;
};

template <TransportKind kKind>
class HttpProvider final : public Provider {
 public:
  Upstream& upstream() override { return upstream_; }
  void Answer(int status, std::vector<std::string> pieces, bool cut) override {
    std::string bytes = Head(status);
    for (const std::string& piece : pieces) bytes += Chunk(piece);
    if (!cut) bytes += "0\r\n\r\n";
    Script([bytes, cut](RawClient& peer) { return peer.Send(bytes) && !cut; });
  }
  void AnswerInTwo(const std::string& first, const std::string& rest) override {
    Script([this, first, rest](RawClient& peer) {
      peer.Send(Head(200) + Chunk(first));
      if (!first.empty() && rest.empty()) {
        dropped_.set_value(peer.WaitForEnd());
        return false;
      }
      going_.wait_for(std::chrono::seconds(20));
      return peer.Send(Chunk(rest) + "0\r\n\r\n");
    });
  }
  void Go() override { go_.set_value(); }
  void Lose() override {
    Script([](RawClient&) { return false; });
  }
  void StaySilent() override {
    Script([](RawClient& peer) { return !peer.WaitForEnd(); });
  }
  bool WaitUntilDropped() override { return dropped_.get_future().get(); }
  std::string last_call() override {
    MutexLock lock(mutex_);
    return last_;
  }

 private:
  // Answers one call; false to close the connection.
  using Scripted = std::function<bool(RawClient&)>;

  static std::string Head(int status) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nTransfer-Encoding: chunked\r\n\r\n";
  }
  static std::string Chunk(const std::string& bytes) {
    std::array<char, 20> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    return bytes.empty() ? "" : size.data() + bytes + "\r\n";
  }
  void Script(Scripted script) {
    MutexLock lock(mutex_);
    scripts_.push_back(std::move(script));
  }
  void Serve(RawClient& peer) {
    while (true) {
      const RawMessage request = peer.ReadRequest();
      if (!request.complete) return;
      const std::string line = request.start_line();
      Scripted script;
      {
        MutexLock lock(mutex_);
        last_ = line.substr(0, line.rfind(' ')) + " " + request.body;
        if (!scripts_.empty()) {
          script = std::move(scripts_.front());
          scripts_.pop_front();
        }
      }
      const int status = line.starts_with("GET /models ") ? 200 : 404;
      const bool open = script ? script(peer) : peer.Send(Head(status) + "2\r\n{}\r\n0\r\n\r\n");
      if (!open) return;
    }
  }

  Mutex mutex_;
  std::deque<Scripted> scripts_ LARDER_GUARDED_BY(mutex_);
  std::string last_ LARDER_GUARDED_BY(mutex_);
  std::promise<void> go_;
  std::shared_future<void> going_{go_.get_future().share()};
  std::promise<bool> dropped_;
  SystemClock clock_;
  RawServer server_{[this](RawClient& peer) { Serve(peer); }};
  std::unique_ptr<Transport> engine_ = MakeTransport(kKind, {}, clock_);
  HttpUpstream upstream_{server_.url(), *engine_};
};

class BuiltinProvider final : public Provider {
 public:
  Upstream& upstream() override { return builtin_; }
  void Answer(int, std::vector<std::string>, bool) override {}
  void AnswerInTwo(const std::string&, const std::string&) override {}
  void Go() override {}
  void Lose() override {}
  void StaySilent() override {}
  bool WaitUntilDropped() override { return false; }
  std::string last_call() override { return ""; }

 private:
  BuiltinUpstream builtin_;
};

struct Kind {
  std::string name;
  std::unique_ptr<Provider> (*make)();
};

template <typename T>
std::unique_ptr<Provider> Make() {
  return std::make_unique<T>();
}

const Kind kFake{"Fake", &Make<FakeProvider>};
const Kind kCurl{"Curl", &Make<HttpProvider<TransportKind::kCurl>>};
const Kind kPlain{"Plain", &Make<HttpProvider<TransportKind::kPlain>>};
const Kind kFibers{"PlainOnFibers", &Make<HttpProvider<TransportKind::kPlainOnFibers>>};
const Kind kBuiltin{"Builtin", &Make<BuiltinProvider>};

class UpstreamContract : public testing::TestWithParam<Kind> {
 protected:
  Result<UpstreamReply> Send(UpstreamRequest request) {
    return provider_->upstream().Send(std::move(request));
  }
  std::unique_ptr<Provider> provider_ = GetParam().make();
};

TEST_P(UpstreamContract, HasANameThatStays) {
  EXPECT_FALSE(provider_->upstream().name().empty());
  EXPECT_EQ(&provider_->upstream().name(), &provider_->upstream().name());
}

TEST_P(UpstreamContract, AnyStatusIsAValueWithAWholeFramedBody) {
  for (const auto& [path, status] : {std::pair("/models", 200), std::pair("/nothing", 404)}) {
    const auto reply = Send(Request("GET", path));
    ASSERT_TRUE(reply.ok()) << path;
    EXPECT_EQ(reply->status, status);
    EXPECT_TRUE(reply->framed);
    ASSERT_NE(reply->body, nullptr);
    const Got got = ReadAll(*reply->body, 1);
    EXPECT_EQ(got.first, ReadState::kEnd);
    EXPECT_FALSE(got.second.empty());
    std::string more;
    EXPECT_EQ(reply->body->TryRead(10, more), ReadState::kEnd);
    EXPECT_EQ(more, "");
    EXPECT_FALSE(reply->headers.Has("connection") || reply->headers.Has("transfer-encoding"));
  }
}

TEST_P(UpstreamContract, AnswersManyThreadsAtOnce) {
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const auto reply = Send(Request("GET", i % 2 == 0 ? "/models" : "/nothing"));
        good += reply.ok() && ReadAll(*reply->body).first == ReadState::kEnd;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 80);
}

TEST_P(UpstreamContract, ARequestBodyThatBreaksOffIsItsOwnError) {
  const auto channel = std::make_shared<ByteChannel>(100);
  channel->Write("{");
  channel->Close(Error{ErrorCode::kCancelled, ErrorOrigin::kDownstream, "the client left"});
  UpstreamRequest request = Request("POST", "/embeddings");
  request.body_source = channel;
  const auto reply = Send(std::move(request));
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kCancelled);
}

TEST_P(UpstreamContract, ABodyMayBeDroppedUnread) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Send(Request("GET", "/models")).ok());
}

INSTANTIATE_TEST_SUITE_P(, UpstreamContract,
                         testing::Values(kFake, kCurl, kPlain, kFibers, kBuiltin),
                         [](const auto& kind) { return kind.param.name; });

class ScriptedUpstreamContract : public UpstreamContract {};

TEST_P(ScriptedUpstreamContract, TheRequestArrivesWithMethodPathAndBody) {
  ASSERT_TRUE(Send(Request("PATCH", "/a?b=%20", "body")).ok());
  EXPECT_EQ(provider_->last_call(), "PATCH /a?b=%20 body");
  const auto channel = std::make_shared<ByteChannel>(100);
  channel->Write("streamed");
  channel->Close(std::nullopt);
  UpstreamRequest request = Request("POST", "/b");
  request.body_source = channel;
  ASSERT_TRUE(Send(std::move(request)).ok());
  EXPECT_EQ(provider_->last_call(), "POST /b streamed");
}

TEST_P(ScriptedUpstreamContract, ErrorsOfTheProviderAreValuesAndPassUnchanged) {
  for (const int status : {200, 400, 401, 429, 500, 503}) {
    provider_->Answer(status, {"the ", "body"}, false);
    const auto reply = Send(Request("POST", "/a", "x"));
    ASSERT_TRUE(reply.ok()) << status;
    EXPECT_EQ(reply->status, status);
    EXPECT_EQ(ReadAll(*reply->body, 3), Got(ReadState::kEnd, "the body"));
  }
}

TEST_P(ScriptedUpstreamContract, ABodyThatBreaksOffFailsBehindItsBytesAndSaysWhy) {
  provider_->Answer(200, {"some ", "bytes"}, true);
  const auto reply = Send(Request("GET", "/a"));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kFailed, "some bytes"));
  std::string more;
  EXPECT_EQ(reply->body->TryRead(10, more), ReadState::kFailed);
  EXPECT_EQ(reply->body->error().code, ErrorCode::kUnavailable);
}

TEST_P(ScriptedUpstreamContract, TheHeadIsReturnedBeforeTheBodyHasEndedAndTheWakerTellsOfMore) {
  provider_->AnswerInTwo("first ", "second");
  const auto reply = Send(Request("GET", "/a"));
  ASSERT_TRUE(reply.ok());
  std::string bytes;
  while (bytes != "first ") {
    ASSERT_EQ(*ReadSome(*reply->body, 100, bytes, Soon()), ReadState::kData);
  }
  EXPECT_EQ(reply->body->TryRead(100, bytes), ReadState::kWait);
  provider_->Go();
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "second"));
}

TEST_P(ScriptedUpstreamContract, DroppingTheBodyBeforeItsEndCancelsTheExchange) {
  provider_->AnswerInTwo("first", "");
  auto reply = Send(Request("GET", "/a"));
  ASSERT_TRUE(reply.ok());
  reply->body = nullptr;
  EXPECT_TRUE(provider_->WaitUntilDropped());
}

TEST_P(ScriptedUpstreamContract, AConnectionLostBeforeAHeadIsUnavailable) {
  provider_->Lose();
  const auto reply = Send(Request("GET", "/a"));
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
}

TEST_P(ScriptedUpstreamContract, NoHeadWithinTheFirstByteTimeoutIsDeadlineExceeded) {
  provider_->StaySilent();
  UpstreamRequest request = Request("GET", "/a");
  request.first_byte_timeout = milliseconds(50);
  const auto reply = Send(std::move(request));
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kDeadlineExceeded);
}

INSTANTIATE_TEST_SUITE_P(, ScriptedUpstreamContract, testing::Values(kFake, kCurl, kPlain, kFibers),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace larder
