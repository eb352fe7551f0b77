// What HttpUpstream makes of its options.
#include "proxy/upstream/http_upstream.h"

#include "tests/proxy/curl_upstream_fixture.h"

namespace larder {
namespace {

using std::chrono::milliseconds;

class HttpUpstreamTest : public CurlUpstreamTest {
 protected:
  // The request as upstream received it.
  RawMessage Sent(UpstreamOptions options, UpstreamRequest request) {
    std::promise<RawMessage> sent;
    RawServer server([&](RawClient& peer) {
      sent.set_value(peer.ReadRequest());
      peer.Send(Ok(""));
    });
    options.url = server.url() + "/v1";
    EXPECT_TRUE(HttpUpstream(options, *engine_).Send(std::move(request)).ok());
    return sent.get_future().get();
  }
  static UpstreamRequest WithCredentials() {
    UpstreamRequest request = Get("/a?key=k1&x=1&access_token=k2");
    request.headers = {
        {"Authorization", "Bearer client"}, {"api-key", "client"},        {"x-api-key", "client"},
        {"X-Goog-Api-Key", "client"},       {"cookie", "session=client"}, {"x-kept", "1"}};
    return request;
  }
};

TEST_F(HttpUpstreamTest, WithoutAKeyTheClientsCredentialsGoThrough) {
  const RawMessage sent = Sent({}, WithCredentials());
  EXPECT_EQ(sent.start_line(), "GET /v1/a?key=k1&x=1&access_token=k2 HTTP/1.1");
  EXPECT_EQ(sent.Field("authorization"), "Bearer client");
  EXPECT_EQ(sent.Field("x-api-key"), "client");
  EXPECT_EQ(sent.Field("cookie"), "session=client");
}

TEST_F(HttpUpstreamTest, WithAKeyNoCredentialOfTheClientsLeaves) {
  UpstreamOptions options;
  options.api_key = "held";
  const RawMessage sent = Sent(options, WithCredentials());
  EXPECT_EQ(sent.head.find("client"), std::string::npos) << sent.head;
  EXPECT_EQ(sent.start_line(), "GET /v1/a?x=1 HTTP/1.1");
  EXPECT_EQ(sent.Field("authorization"), "Bearer held");
  EXPECT_EQ(sent.CountField("authorization"), 1U);
  EXPECT_EQ(sent.Field("x-kept"), "1");
}

TEST_F(HttpUpstreamTest, TheKeyGoesInTheFieldThatTheProviderReads) {
  UpstreamOptions options;
  options.api_key = "held";
  options.api_key_header = "x-api-key";
  const RawMessage sent = Sent(options, WithCredentials());
  EXPECT_EQ(sent.Field("x-api-key"), "held");
  EXPECT_EQ(sent.CountField("authorization"), 0U);
}

TEST_F(HttpUpstreamTest, ARefusedCredentialIsAnAnswerLikeAnyOther) {
  RawServer server(RawServer::Answering(
      "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer\r\nContent-Length: 2\r\n\r\nno"));
  UpstreamOptions options;
  options.url = server.url();
  options.api_key = "held";
  const auto reply = HttpUpstream(options, *engine_).Send(Get());
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 401);
  EXPECT_EQ(reply->headers.Find("www-authenticate"), "Bearer");
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "no"));
}

TEST_F(HttpUpstreamTest, KeysHaveItsAddressAndPeopleItsName) {
  UpstreamOptions options;
  options.name = "main";
  options.url = "http://127.0.0.1:1/v1";
  const HttpUpstream upstream(options, *engine_);
  EXPECT_EQ(upstream.name(), "http://127.0.0.1:1/v1");
  EXPECT_EQ(upstream.label(), "main");
}

TEST_F(HttpUpstreamTest, TheShorterOfTheRequestsAndTheConfiguredTimeoutsCounts) {
  RawServer silent([](RawClient& peer) { peer.WaitForEnd(); });
  RawServer stuck([](RawClient& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
    peer.WaitForEnd();
  });
  struct Row {
    RawServer& server;
    milliseconds first_byte;
    milliseconds idle;
    milliseconds total;
  };
  const milliseconds never(20'000);
  for (const Row& row :
       {Row{silent, milliseconds(100), never, never}, Row{silent, never, never, milliseconds(100)},
        Row{stuck, never, milliseconds(100), never}, Row{stuck, never, never, milliseconds(300)}}) {
    for (const bool configured : {true, false}) {
      UpstreamOptions options;
      options.url = row.server.url();
      UpstreamRequest request = Get();
      (configured ? options.first_byte_timeout : request.first_byte_timeout) = row.first_byte;
      (configured ? options.idle_timeout : request.idle_timeout) = row.idle;
      (configured ? options.total_timeout : request.total_timeout) = row.total;
      const MonoTime before = clock_.Monotonic();
      const auto reply = HttpUpstream(options, *engine_).Send(std::move(request));
      if (&row.server == &silent) {
        ASSERT_FALSE(reply.ok());
        EXPECT_EQ(reply.error().code, ErrorCode::kDeadlineExceeded);
      } else {
        ASSERT_TRUE(reply.ok());
        EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kFailed, "hello"));
        EXPECT_EQ(reply->body->error().code, ErrorCode::kDeadlineExceeded);
      }
      EXPECT_LT(clock_.Monotonic() - before, std::chrono::seconds(10));
    }
  }
}

}  // namespace
}  // namespace larder
