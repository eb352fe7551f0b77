// Every fault of upstream, on every way that is cached, through the real front: the client sees
// what the row says, nothing is stored, no deadline is passed, and the next good answer is taken as
// if nothing had been.
#include <gtest/gtest.h>

#include <atomic>

#include "proxy/http/front.h"
#include "proxy/upstream/retrying_upstream.h"
#include "tests/proxy/http_transport_fixture.h"
#include "tests/support/proxy_fixture.h"
#include "tests/support/raw_server.h"
#include "tests/support/upstream_faults.h"

namespace larder {
namespace {

using std::chrono::milliseconds;

// Beside its deadline a request may take this long on a slow machine.
constexpr std::chrono::seconds kSlack{8};

std::string NameOf(Way way) {
  switch (way) {
    case Way::kEmbeddings:
      return "Embeddings";
    case Way::kChat:
      return "Chat";
    case Way::kChatStream:
      break;
  }
  return "ChatStream";
}

class FaultWorld {
 public:
  FaultWorld(const Fault& fault, Way way, TransportKind kind) : fault_(fault), way_(way) {
    UpstreamOptions options;
    options.name = "faulty";
    options.url = fault.answer ? server_.url() + "/v1"
                               : "http://127.0.0.1:" + std::to_string(RawServer::UnusedPort());
    options.first_byte_timeout = fault.first_byte_timeout;
    options.idle_timeout = fault.idle_timeout;
    options.total_timeout = fault.total_timeout;
    options.retry.max_retries = fault.retries;
    engine_ = MakeTransport(kind, options.http, system_clock_);
    http_ = std::make_unique<HttpUpstream>(options, *engine_);
    upstream_ = std::make_unique<RetryingUpstream>(
        *http_, options, system_clock_, [](milliseconds) { return true; }, [] { return 0.0; });
    ProxyWorldOptions world;
    world.responses.max_body_bytes = 1U << 20;
    world.embeddings.max_reply_bytes = 1U << 20;
    world.upstreams.emplace_back(options, upstream_.get());
    world_ = std::make_unique<ProxyWorld>(store_, clock_, unused_, world);
    FrontOptions front;
    front.port = 0;
    front.loops = 1;
    front.workers = {.max_threads = 4, .queue_limit = 16};
    front_ = std::make_unique<Front>(front, world_->proxy(), clock_);
    EXPECT_TRUE(front_->Start().ok());
  }
  ~FaultWorld() {
    engine_->Abort();
    front_->Stop();
  }

  RawMessage Ask() {
    RawClient client(front_->port());
    std::string body = R"({"model":"m","input":"text"})";
    if (way_ != Way::kEmbeddings) {
      body = R"({"model":"m","messages":[{"role":"user","content":"hi"}])";
      body += way_ == Way::kChatStream ? R"(,"stream":true})" : "}";
    }
    client.Send(std::string("POST /v1/") +
                (way_ == Way::kEmbeddings ? "embeddings" : "chat/completions") +
                " HTTP/1.1\r\nHost: localhost:8787\r\nAuthorization: Bearer k\r\n"
                "Content-Type: application/json\r\n" +
                Length(body.size()) + "\r\n" + body);
    return client.ReadResponse();
  }
  // From now on upstream answers as it should.
  void Mend() { mended_ = true; }

  std::uint64_t attempts() const { return upstream_->stats().attempts; }
  std::uint64_t stored() const {
    return store_.SizeOf(Family::kEmbeddings).entries + store_.SizeOf(Family::kInputs).entries +
           store_.SizeOf(Family::kResponses).entries + world_->response_cache().memory().size();
  }

 private:
  void Serve(RawClient& peer) {
    if (!peer.ReadRequest().complete) return;
    if (mended_) {
      peer.Send(Sized(way_, GoodBody(way_)));
    } else {
      fault_.answer(peer, way_);
    }
  }

  const Fault& fault_;
  const Way way_;
  std::atomic<bool> mended_{false};
  SystemClock system_clock_;
  ManualClock clock_;
  MemoryStore store_;
  FakeUpstream unused_;
  RawServer server_{[this](RawClient& peer) { Serve(peer); }};
  std::unique_ptr<Transport> engine_;
  std::unique_ptr<HttpUpstream> http_;
  std::unique_ptr<RetryingUpstream> upstream_;
  std::unique_ptr<ProxyWorld> world_;
  std::unique_ptr<Front> front_;
};

bool IsHit(const RawMessage& answer) {
  return answer.Field("cf-aig-cache-status") == "HIT";
}

using Row = std::tuple<Fault, Way, TransportKind>;

class UpstreamFaultTable : public testing::TestWithParam<Row> {
 protected:
  const Fault& fault() const { return std::get<0>(GetParam()); }
  Way way() const { return std::get<1>(GetParam()); }
  const Seen& expected() const {
    switch (way()) {
      case Way::kEmbeddings:
        return fault().embeddings;
      case Way::kChat:
        return fault().chat;
      case Way::kChatStream:
        break;
    }
    return fault().stream;
  }
  void Check(const RawMessage& answer) const {
    if (expected().or_status != 0 && answer.status() == expected().or_status) {
      EXPECT_TRUE(answer.complete);
    } else {
      EXPECT_EQ(answer.status(), expected().status) << answer.head << answer.body.substr(0, 500);
      EXPECT_EQ(answer.complete, !expected().broken) << answer.head << answer.body.substr(0, 500);
    }
    EXPECT_FALSE(IsHit(answer)) << answer.head;
  }
};

TEST_P(UpstreamFaultTable, IsSeenForWhatItIsInTimeAndNeverStored) {
  FaultWorld world(fault(), way(), std::get<TransportKind>(GetParam()));
  const auto calls = static_cast<std::uint64_t>(1 + fault().retries);
  const MonoTime::duration within =
      kSlack + std::min({fault().first_byte_timeout, fault().idle_timeout, fault().total_timeout});
  for (std::uint64_t i = 1; i <= 2; ++i) {  // the second time upstream is asked again
    const MonoTime before = SystemClock().Monotonic();
    Check(world.Ask());
    EXPECT_LT(SystemClock().Monotonic() - before, within);
    EXPECT_EQ(world.attempts(), i * calls);
    EXPECT_EQ(world.stored(), 0U);
  }
  if (!fault().answer) return;
  world.Mend();
  const RawMessage good = world.Ask();
  EXPECT_EQ(good.status(), 200);
  EXPECT_TRUE(good.complete);
  EXPECT_FALSE(IsHit(good));
  EXPECT_TRUE(IsHit(world.Ask()));
  EXPECT_EQ(world.attempts(), 2 * calls + 1);
}

std::string RowName(const testing::TestParamInfo<Row>& row) {
  return std::get<0>(row.param).name + NameOf(std::get<1>(row.param)) +
         TransportKindName(std::get<2>(row.param));
}

const auto kKinds = testing::Values(TransportKind::kCurl, TransportKind::kPlain);
const auto kWays = testing::Values(Way::kEmbeddings, Way::kChat, Way::kChatStream);

INSTANTIATE_TEST_SUITE_P(Connections, UpstreamFaultTable,
                         testing::Combine(testing::ValuesIn(FaultsOfConnections()), kWays, kKinds),
                         RowName);
INSTANTIATE_TEST_SUITE_P(Heads, UpstreamFaultTable,
                         testing::Combine(testing::ValuesIn(FaultsOfHeads()), kWays, kKinds),
                         RowName);
INSTANTIATE_TEST_SUITE_P(Bodies, UpstreamFaultTable,
                         testing::Combine(testing::ValuesIn(FaultsOfBodies()), kWays, kKinds),
                         RowName);
INSTANTIATE_TEST_SUITE_P(Time, UpstreamFaultTable,
                         testing::Combine(testing::ValuesIn(FaultsOfTime()), kWays, kKinds),
                         RowName);
INSTANTIATE_TEST_SUITE_P(Content, UpstreamFaultTable,
                         testing::Combine(testing::ValuesIn(FaultsOfContent()), kWays, kKinds),
                         RowName);

}  // namespace
}  // namespace larder
