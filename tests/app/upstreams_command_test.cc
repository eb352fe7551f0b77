#include "app/upstreams_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/captured_run.h"
#include "tests/support/fake_larder.h"

namespace larder {
namespace {

using testing::HasSubstr;

class UpstreamsCommandTest : public testing::Test {
 protected:
  UpstreamsCommandTest() { command_.server = server_.url(); }
  void Listing(const std::string& upstreams) {
    server_.Answer("GET", "/admin/v1/upstreams", {.body = R"({"data":[)" + upstreams + "]}"});
  }

  FakeLarder server_;
  UpstreamsCommand command_;
};

TEST_F(UpstreamsCommandTest, ListsUpstreamsWithTheirTokensAndThenTheirProblems) {
  Listing(
      R"({"name":"azure","url":"https://a.example","credential":"oauth","breaker":"open",)"
      R"("token":{"held":true,"expires_at":99999999999,"last_error":null}},)"
      R"({"name":"vertex","url":"https://v.example","credential":"oauth","breaker":"closed",)"
      R"("token":{"held":false,"expires_at":null,"last_error":"the token endpoint is \u001b[1mout",)"
      R"("next_attempt_in_s":8}},)"
      R"({"name":"default","url":"builtin","credential":"client","breaker":"closed","token":null})");
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("azure             oauth       open       good for "));
  EXPECT_THAT(run.out, HasSubstr("vertex            oauth       closed     none now "));
  EXPECT_THAT(run.out, HasSubstr("default           client      closed "));
  EXPECT_THAT(run.out, HasSubstr("\nvertex: the token endpoint is "));
  EXPECT_THAT(run.out, HasSubstr("(it is asked again in 8 s)\n"));
  EXPECT_EQ(run.out.find('\x1b'), std::string::npos);
}

TEST_F(UpstreamsCommandTest, RevokesTheTokenOfOneAndSaysWhatBecameOfIt) {
  struct Case {
    const char* answer;
    const char* says;
  };
  for (const Case& c : {Case{R"({"deleted":true,"revoked":true})",
                             "forgot the token of azure, and its provider revoked it\n"},
                        Case{R"({"deleted":true,"revoked":false})",
                             "forgot the token of azure; its provider was not told: "
                             "oauth_revocation_url is not set\n"},
                        Case{R"({"deleted":false,"revoked":false})", "azure had no token\n"}}) {
    FakeLarder server;
    server.Answer("DELETE", "/admin/v1/upstreams/azure/token", {.body = c.answer});
    command_.server = server.url();
    command_.action = "revoke";
    command_.name = "azure";
    const auto run = RunCaptured(command_);
    EXPECT_EQ(run.status, 0) << run.err;
    EXPECT_EQ(run.out, c.says);
  }
}

TEST_F(UpstreamsCommandTest, JsonIsTheServers) {
  Listing("");
  command_.json = true;
  EXPECT_EQ(RunCaptured(command_).out, "{\"data\":[]}\n");
}

TEST_F(UpstreamsCommandTest, AFailureIsTheServersSentence) {
  server_.Answer("DELETE", "/admin/v1/upstreams/azure/token",
                 {.status = 502, .body = R"({"error":{"message":"it was not revoked"}})"});
  command_.action = "revoke";
  command_.name = "azure";
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("it was not revoked"));
}

TEST_F(UpstreamsCommandTest, ANameBelongsToRevokeAlone) {
  command_.name = "azure";
  EXPECT_EQ(RunCaptured(command_).status, 2);
  command_.action = "revoke";
  command_.name.reset();
  EXPECT_EQ(RunCaptured(command_).status, 2);
}

}  // namespace
}  // namespace larder
