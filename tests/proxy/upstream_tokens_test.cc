// Upstreams that are asked with access tokens, from their options on, over sockets; and what an
// administrator sees and does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/secret_box.h"
#include "cache/memory_store.h"
#include "proxy/admin/upstreams_endpoint.h"
#include "tests/support/manual_clock.h"
#include "tests/support/raw_server.h"

namespace larder {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string Ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class UpstreamTokensTest : public testing::Test {
 protected:
  UpstreamTokensTest() {
    options_.name = "azure";
    options_.url = provider_.url() + "/v1";
    options_.breaker.failures = 2;
    options_.oauth.token_url = endpoint_.url() + "/token";
    options_.oauth.client_id = "id";
    options_.oauth.client_secret = "hunter2";
    options_.oauth.revocation_url = endpoint_.url() + "/revoke";
    other_.name = "other";
    other_.url = provider_.url() + "/v1";
    other_.models = {"o"};
    Make();
  }
  // Anew, as after a restart.
  void Make() {
    set_.reset();
    auto made = UpstreamSet::Create({other_, options_}, clock_);
    ASSERT_TRUE(made.ok()) << made.error().message;
    set_ = std::move(made).value();
    set_->KeepTokens(store_, secret_);
  }
  Result<UpstreamReply> Send(const std::string& model = "m") {
    return set_->ChooseFirst(model, "/x")
        .upstream->Send({.method = "POST", .path_and_query = "/x", .body = "{}"});
  }
  Response Admin(const std::string& method, const std::string& below = "") {
    Request request;
    request.method = method;
    return UpstreamsEndpoint(*set_).Handle(request, below);
  }
  std::vector<std::string> Authorizations() {
    MutexLock lock(mutex_);
    return authorizations_;
  }

  Mutex mutex_;
  std::vector<std::string> authorizations_ LARDER_GUARDED_BY(mutex_);  // as the provider saw them
  std::atomic<int> tokens_{0};
  std::atomic<bool> failing_{false};
  ManualClock clock_;
  RawServer provider_{[this](RawClient& peer) {
    for (RawMessage message = peer.ReadRequest(); !message.head.empty();
         message = peer.ReadRequest()) {
      MutexLock lock(mutex_);
      authorizations_.push_back(message.Field("authorization").value_or(""));
      peer.Send(Ok("{}"));
    }
  }};
  RawServer endpoint_{[this](RawClient& peer) {
    const RawMessage message = peer.ReadRequest();
    if (message.start_line().find("/revoke") != std::string::npos) {
      peer.Send(Ok(""));
    } else if (failing_) {
      peer.Send("HTTP/1.1 500 No\r\nContent-Length: 7\r\n\r\nhunter2");
    } else {
      peer.Send(Ok(R"({"access_token":"t)" + std::to_string(++tokens_) +
                   R"(","token_type":"Bearer","expires_in":3600})"));
    }
  }};
  UpstreamOptions options_;
  UpstreamOptions other_;
  MemoryStore store_;
  const Digest secret_ = DeriveSecret("master", "larder upstream tokens");
  std::unique_ptr<UpstreamSet> set_;
};

TEST_F(UpstreamTokensTest, AreAskedForWhenTheFirstRequestComesAndKeptOverRestarts) {
  EXPECT_EQ(tokens_, 0);
  ASSERT_TRUE(Send().ok());
  ASSERT_TRUE(Send().ok());
  Make();
  ASSERT_TRUE(Send().ok());
  EXPECT_THAT(Authorizations(), ElementsAre("Bearer t1", "Bearer t1", "Bearer t1"));
  EXPECT_EQ(tokens_, 1);
}

TEST_F(UpstreamTokensTest, OfAnUpstreamThatIsGoneLeaveTheStore) {
  ASSERT_TRUE(Send().ok());
  set_.reset();
  options_.name = "renamed";
  Make();
  std::size_t records = 0;
  ASSERT_TRUE(store_
                  .ForEach(Family::kTokens, "",
                           [&](std::string_view, std::string_view) { return ++records > 0; })
                  .ok());
  EXPECT_EQ(records, 0U);
  ASSERT_TRUE(Send().ok());
  EXPECT_EQ(tokens_, 2);
}

TEST_F(UpstreamTokensTest, ThatCannotBeHadDoNotOpenTheBreakerOfTheUpstream) {
  failing_ = true;
  for (int i = 0; i < 5; ++i) {
    const auto reply = Send();
    ASSERT_FALSE(reply.ok());
    EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(reply.error().message, AllOf(HasSubstr("its token endpoint answered with status"),
                                             Not(HasSubstr("hunter2"))));
  }
  EXPECT_EQ(set_->States()[1].breaker, BreakerState::kClosed);
  EXPECT_EQ(endpoint_.accepted(), 1U);
  EXPECT_TRUE(Authorizations().empty());
}

TEST_F(UpstreamTokensTest, AreShownWithoutThemselves) {
  ASSERT_TRUE(Send().ok());
  const Response shown = Admin("GET");
  EXPECT_EQ(shown.status, 200);
  EXPECT_EQ(shown.body,
            R"({"data":[{"name":"other","url":")" + other_.url +
                R"(","credential":"client","breaker":"closed","token":null},)"
                R"({"name":"azure","url":")" +
                options_.url +
                R"(","credential":"oauth","breaker":"closed","token":{"held":true,)"
                R"("refreshing":false,"expires_at":1767229200,"last_refresh":1767225600,)"
                R"("last_error":null,"failed_at":null,"next_attempt_in_s":null}}]})");
}

TEST_F(UpstreamTokensTest, AreShownToFailWithTheReason) {
  failing_ = true;
  EXPECT_FALSE(Send().ok());
  EXPECT_THAT(Admin("GET").body,
              HasSubstr(R"("token":{"held":false,"refreshing":false,"expires_at":null,)"
                        R"("last_refresh":null,"last_error":"the token endpoint answered with )"
                        R"(status 500","failed_at":1767225600,"next_attempt_in_s":1})"));
}

TEST_F(UpstreamTokensTest, AreForgottenAndRevokedOnRequest) {
  ASSERT_TRUE(Send().ok());
  EXPECT_EQ(Admin("DELETE", "azure/token").body, R"({"deleted":true,"revoked":true})");
  EXPECT_EQ(Admin("DELETE", "azure/token").body, R"({"deleted":false,"revoked":false})");
  ASSERT_TRUE(Send().ok());
  EXPECT_THAT(Authorizations(), ElementsAre("Bearer t1", "Bearer t2"));
  EXPECT_EQ(Admin("DELETE", "nobody/token").status, 404);
  EXPECT_EQ(Admin("DELETE", "other/token").status, 400);
  EXPECT_EQ(Admin("DELETE", "azure").status, 400);
  EXPECT_EQ(Admin("DELETE", "/token").status, 400);
  EXPECT_EQ(Admin("DELETE").status, 400);
  EXPECT_EQ(Admin("GET", "azure").status, 405);
}

TEST_F(UpstreamTokensTest, OthersStillGetTheirClientsCredential) {
  ASSERT_TRUE(set_->ChooseFirst("o", "/x")
                  .upstream
                  ->Send({.method = "POST",
                          .path_and_query = "/x",
                          .headers = {{"authorization", "Bearer client"}},
                          .body = "{}"})
                  .ok());
  EXPECT_THAT(Authorizations(), ElementsAre("Bearer client"));
  EXPECT_EQ(tokens_, 0);
}

TEST_F(UpstreamTokensTest, AfterAbortNoTokenIsWaitedFor) {
  set_->Abort();
  const auto reply = Send();
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kCancelled);
}

TEST_F(UpstreamTokensTest, OfAKeyThatIsNoneAreRefusedAtTheStart) {
  options_.oauth.service_account = {.client_email = "a@b", .private_key = "hunter2"};
  const auto set = UpstreamSet::Create({options_}, clock_);
  ASSERT_FALSE(set.ok());
  EXPECT_EQ(set.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace larder
