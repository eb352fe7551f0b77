// What a token endpoint on a real socket can do wrong, over the project's own transport.
#include "proxy/upstream/token_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/upstream/plain_engine.h"
#include "tests/support/raw_server.h"

namespace larder {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr const char* kToken = R"({"access_token":"t1","token_type":"Bearer","expires_in":60})";

std::string Answer(const std::string& status, const std::string& fields, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

class TokenEndpointTest : public testing::Test {
 protected:
  TokenEndpointTest() {
    options_.client_id = "id";
    options_.client_secret = "hunter2";
    options_.timeout = milliseconds(300);
  }
  TokenEndpoint::Outcome Ask(const RawServer& server) {
    options_.token_url = server.url() + "/token";
    return std::move(TokenEndpoint::Create(options_, engine_, clock_)).value()->Ask();
  }
  // What is told of an answer that is no token.
  std::string Problem(RawServer::Script script, ErrorCode code) {
    const RawServer server(std::move(script));
    const auto outcome = Ask(server);
    EXPECT_FALSE(outcome.token.ok());
    if (outcome.token.ok()) return "";
    EXPECT_EQ(outcome.token.error().code, code);
    EXPECT_EQ(outcome.token.error().message.find("hunter2"), std::string::npos);
    return outcome.token.error().message;
  }

  SystemClock clock_;
  PlainEngine engine_{{}, clock_};
  OAuthOptions options_;
};

TEST_F(TokenEndpointTest, IsSentAFormAndItsAnswerRead) {
  RawMessage sent;
  const RawServer server([&](RawClient& peer) {
    sent = peer.ReadRequest();
    peer.Send(Answer("200 OK", "Content-Type: application/json\r\n", kToken));
  });
  const auto outcome = Ask(server);
  ASSERT_TRUE(outcome.token.ok()) << outcome.token.error().message;
  EXPECT_EQ(outcome.token->access_token, "t1");
  EXPECT_EQ(sent.start_line(), "POST /token HTTP/1.1");
  EXPECT_EQ(sent.body, "grant_type=client_credentials");
  EXPECT_EQ(sent.CountField("authorization"), 1U);
}

TEST_F(TokenEndpointTest, ARedirectIsNotFollowedWithTheSecret) {
  const RawServer elsewhere(RawServer::Answering(Answer("200 OK", "", kToken)));
  EXPECT_THAT(Problem(RawServer::Answering(Answer("307 Temporary Redirect",
                                                  "Location: " + elsewhere.url() + "/\r\n", "")),
                      ErrorCode::kUnavailable),
              HasSubstr("status 307"));
  EXPECT_EQ(elsewhere.accepted(), 0U);
}

TEST_F(TokenEndpointTest, OneThatIsSlowIsGivenUpAtTheDeadline) {
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(Problem(
                [](RawClient& peer) {
                  peer.ReadRequest();
                  peer.WaitForEnd();
                },
                ErrorCode::kUnavailable),
            "did not answer within 0.3 s");
  EXPECT_EQ(Problem(
                [](RawClient& peer) {
                  peer.ReadRequest();
                  peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{");
                  peer.WaitForEnd();
                },
                ErrorCode::kUnavailable),
            "did not answer within 0.3 s");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

TEST_F(TokenEndpointTest, OneThatIsDeadIsToldOf) {
  options_.token_url = "http://127.0.0.1:" + std::to_string(RawServer::UnusedPort()) + "/token";
  const auto outcome = std::move(TokenEndpoint::Create(options_, engine_, clock_)).value()->Ask();
  ASSERT_FALSE(outcome.token.ok());
  EXPECT_EQ(outcome.token.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(outcome.token.error().message, HasSubstr("could not be asked: could not connect"));
  EXPECT_THAT(Problem([](RawClient& peer) { peer.ReadRequest(); }, ErrorCode::kUnavailable),
              HasSubstr("could not be asked"));
}

TEST_F(TokenEndpointTest, GarbageIsNoToken) {
  EXPECT_THAT(
      Problem(RawServer::AnsweringOnce("SSH-2.0-OpenSSH\r\n\r\n"), ErrorCode::kInvalidReply),
      HasSubstr("not HTTP"));
  EXPECT_THAT(
      Problem(RawServer::Answering(Answer("200 OK", "", "<html>")), ErrorCode::kInvalidReply),
      HasSubstr("no JSON object"));
  EXPECT_THAT(Problem(RawServer::AnsweringOnce(
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
                      ErrorCode::kInvalidReply),
              HasSubstr("not HTTP"));
  EXPECT_THAT(Problem(RawServer::Answering(Answer("200 OK", "Content-Encoding: br\r\n", kToken)),
                      ErrorCode::kInvalidReply),
              HasSubstr("content coding"));
}

TEST_F(TokenEndpointTest, AnAnswerWithoutEndIsCutAt64KiB) {
  EXPECT_EQ(Problem(
                [](RawClient& peer) {
                  peer.ReadRequest();
                  peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n" +
                            std::string(200'000, ' '));
                  peer.WaitForEnd();
                },
                ErrorCode::kInvalidReply),
            "answered more than 64 KiB");
}

TEST_F(TokenEndpointTest, ThePauseThatItAsksForIsTold) {
  const RawServer server(RawServer::Answering(Answer("503 No", "Retry-After: 7\r\n", "")));
  EXPECT_EQ(Ask(server).pause, milliseconds(7000));
}

TEST_F(TokenEndpointTest, AKeyThatIsNoneIsRefusedWhenItIsMade) {
  options_.service_account = {.client_email = "a@b", .private_key = "hunter2"};
  const auto made = TokenEndpoint::Create(options_, engine_, clock_);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(made.error().message.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace larder
