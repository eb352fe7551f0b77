#include "proxy/upstream/authorised_upstream.h"

#include <future>

#include "proxy/http/byte_channel.h"
#include "tests/proxy/token_fixture.h"

namespace larder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class AuthorisedUpstreamTest : public TokenFixture {
 protected:
  static UpstreamRequest Post() {
    return {.method = "POST",
            .path_and_query = "/a?key=client&x=1",
            .headers = {{"authorization", "Bearer client"},
                        {"api-key", "client"},
                        {"cookie", "client"},
                        {"x-kept", "1"}},
            .body = "whole"};
  }
  // The status, or 0 for an error.
  int Send(UpstreamRequest request = Post()) {
    const auto reply = upstream_.Send(std::move(request));
    return reply.ok() ? reply->status : 0;
  }
  std::vector<std::string> TokensSent() const {
    std::vector<std::string> tokens;
    for (const FakeCall& call : provider_.calls()) {
      tokens.emplace_back(call.headers.Joined("authorization"));
    }
    return tokens;
  }

  FakeUpstream provider_;
  AuthorisedUpstream upstream_{provider_, *source_, milliseconds(0), clock_};
};

TEST_F(AuthorisedUpstreamTest, TheTokenGoesInThePlaceOfEveryCredentialOfTheClients) {
  NextToken("t1");
  provider_.ReplyAlways({});
  EXPECT_EQ(Send(), 200);
  EXPECT_EQ(Send(), 200);
  ASSERT_EQ(provider_.call_count(), 2U);
  const FakeCall call = provider_.calls().front();
  EXPECT_EQ(call.path_and_query, "/a?x=1");
  EXPECT_EQ(call.body, "whole");
  EXPECT_EQ(call.headers.size(), 2U);
  EXPECT_EQ(call.headers.Find("x-kept"), "1");
  EXPECT_THAT(TokensSent(), ElementsAre("Bearer t1", "Bearer t1"));
  EXPECT_EQ(endpoint().call_count(), 1U);
}

TEST_F(AuthorisedUpstreamTest, ATokenThatUpstreamRefusesIsReplacedAndTheRequestSentOnceMore) {
  NextToken("t1");
  NextToken("t2");
  const auto refusal = provider_.Stream({.status = 401});
  provider_.Reply({.status = 200});
  EXPECT_EQ(Send(), 200);
  EXPECT_THAT(TokensSent(), ElementsAre("Bearer t1", "Bearer t2"));
  EXPECT_EQ(provider_.calls().back().body, "whole");
  EXPECT_TRUE(refusal->dropped());
}

TEST_F(AuthorisedUpstreamTest, AnUpstreamThatRefusesEveryTokenIsNotAskedForEver) {
  NextToken("t1");
  NextToken("t2");
  provider_.ReplyAlways({.status = 401});
  EXPECT_EQ(Send(), 401);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Send(), 401);
  EXPECT_EQ(endpoint().call_count(), 2U);
  EXPECT_EQ(provider_.call_count(), 12U);
}

TEST_F(AuthorisedUpstreamTest, ManyThatAreRefusedAtOnceShareTheNextToken) {
  NextToken("t1");
  NextToken("t2");
  provider_.ComputeAlways([&](const FakeCall& call) -> Result<UpstreamReply> {
    const bool good = call.headers.Find("authorization") == "Bearer t2";
    return provider_.Make({.status = good ? 200 : 401});
  });
  provider_.Hold();
  std::vector<std::future<int>> threads;
  for (int i = 0; i < 8; ++i) {
    threads.push_back(std::async(std::launch::async, [this] { return Send(); }));
  }
  ASSERT_TRUE(provider_.WaitForCalls(8));
  provider_.Release();
  for (auto& thread : threads) EXPECT_EQ(thread.get(), 200);
  EXPECT_EQ(endpoint().call_count(), 2U);
}

TEST_F(AuthorisedUpstreamTest, ABodyThatStreamsIsSentOnceAndTheNextRequestHasAnotherToken) {
  NextToken("t1");
  NextToken("t2");
  provider_.Reply({.status = 401});
  provider_.Reply({.status = 200});
  const auto channel = std::make_shared<ByteChannel>(100);
  channel->Close(std::nullopt);
  UpstreamRequest request = Post();
  request.body_source = channel;
  EXPECT_EQ(Send(std::move(request)), 401);
  EXPECT_EQ(Send(), 200);
  EXPECT_THAT(TokensSent(), ElementsAre("Bearer t1", "Bearer t2"));
}

TEST_F(AuthorisedUpstreamTest, ASourceOfNothingCanBeSentAgain) {
  NextToken("t1");
  NextToken("t2");
  provider_.Reply({.status = 401});
  provider_.Reply({.status = 200});
  UpstreamRequest request{.method = "GET", .path_and_query = "/models"};
  request.body_source = std::make_shared<StringBody>("");
  request.body_size = 0;
  EXPECT_EQ(Send(std::move(request)), 200);
}

TEST_F(AuthorisedUpstreamTest, WithoutATokenUpstreamIsNotAsked) {
  endpoint().Reply({.status = 500});
  const auto reply = upstream_.Send(Post());
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(reply.error().origin, ErrorOrigin::kUpstream);
  EXPECT_THAT(reply.error().message, HasSubstr("token endpoint answered with status 500"));
  EXPECT_EQ(provider_.call_count(), 0U);
}

TEST_F(AuthorisedUpstreamTest, TheWaitForATokenHoldsTheRequestsDeadlines) {
  endpoint().Hold();
  UpstreamRequest hasty = Post();
  hasty.first_byte_timeout = milliseconds(20);
  auto reply = upstream_.Send(std::move(hasty));
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kDeadlineExceeded);
  hasty = Post();
  hasty.total_timeout = milliseconds(20);
  reply = upstream_.Send(std::move(hasty));
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kDeadlineExceeded);
  AuthorisedUpstream bounded(provider_, *source_, milliseconds(20), clock_);
  reply = bounded.Send(Post());
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(AuthorisedUpstreamTest, AWebsocketIsAuthorisedAndNeverAskedForTwice) {
  NextToken("t1");
  NextToken("t2");
  provider_.Reply({.status = 401});
  provider_.Reply({.status = 101});
  UpstreamRequest request = Post();
  request.headers.Add("sec-websocket-protocol", "realtime, openai-insecure-api-key.client");
  EXPECT_EQ(upstream_.OpenTunnel(request)->status, 401);
  EXPECT_EQ(upstream_.OpenTunnel(request)->status, 101);
  EXPECT_THAT(TokensSent(), ElementsAre("Bearer t1", "Bearer t2"));
  EXPECT_EQ(provider_.calls().back().headers.Find("sec-websocket-protocol"), "realtime");
}

TEST_F(AuthorisedUpstreamTest, ItIsCalledAsTheUpstreamBehindIt) {
  EXPECT_EQ(upstream_.name(), provider_.name());
  EXPECT_EQ(upstream_.label(), provider_.label());
}

}  // namespace
}  // namespace larder
