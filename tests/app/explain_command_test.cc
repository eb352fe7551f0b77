#include "app/explain_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "app/keys_command.h"
#include "proxy/json/json.h"
#include "tests/support/captured_run.h"
#include "tests/support/fake_larder.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using testing::HasSubstr;

class ExplainCommandTest : public testing::Test {
 protected:
  ExplainCommandTest() {
    server_.Answer("POST", "/admin/v1/explain", {.body = R"({"route":"chat","layer":"responses",
      "upstream":"openai","model":"gpt-4o","would":"miss","why":"changed",
      "detail":"an entry differs in temperature","key":"aabb","canonical":"{\"model\":\"gpt-4o\"}",
      "key_parts":{"version":1,"method":"POST","headers":[["openai-beta","x"]]},
      "not_in_key":["user","stream"],"entry":null,
      "nearest":{"key":"ccdd","changed_field":"temperature","detail":"0.7 there, 0.2 here"},
      "inputs":[{"index":0,"key":"ee","would":"hit","why":""}]})"});
    command_.server = server_.url();
    command_.path = "/v1/chat/completions";
    command_.file = dir_.path() + "/body.json";
    std::ofstream(command_.file) << "{ \"model\" : \"gpt-4o\" }";
  }

  TempDir dir_;
  FakeLarder server_;
  ExplainCommand command_;
};

TEST_F(ExplainCommandTest, TellsWhatWouldBeWhyAndWhatTheKeyIsMadeOf) {
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0) << run.err;
  for (const char* part :
       {"would be    miss (changed)\n", "because     an entry differs in temperature\n",
        "nearest     ccdd (differs in temperature)\n", "            0.7 there, 0.2 here\n",
        "not in key  user, stream\n", "  method       POST\n", "headers      [[\"openai-beta\"",
        "  0  hit  ee\n"}) {
    EXPECT_THAT(run.out, HasSubstr(part));
  }
}

TEST_F(ExplainCommandTest, SendsTheRequestByteForByteWithItsFields) {
  ::setenv("OPENAI_API_KEY", "sk-mine", 1);
  command_.headers = {"OpenAI-Beta: x=1"};
  EXPECT_EQ(RunCaptured(command_).status, 0);
  ::unsetenv("OPENAI_API_KEY");
  const auto body = JsonDocument::Parse(server_.calls().at(0).body);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(StringMember(body->root(), "method"), "POST");
  EXPECT_EQ(StringMember(body->root(), "path"), "/v1/chat/completions");
  EXPECT_EQ(StringMember(body->root(), "body"), "{ \"model\" : \"gpt-4o\" }");
  const auto headers = Member(body->root(), "headers");
  ASSERT_TRUE(headers);
  EXPECT_EQ(StringMember(*headers, "OpenAI-Beta"), "x=1");
  EXPECT_EQ(StringMember(*headers, "authorization"), "Bearer sk-mine");
}

TEST_F(ExplainCommandTest, WithoutABodyItIsAGet) {
  command_.file.clear();
  EXPECT_EQ(RunCaptured(command_).status, 0);
  EXPECT_THAT(server_.calls().at(0).body, HasSubstr(R"("method":"GET")"));
  EXPECT_THAT(server_.calls().at(0).body, testing::Not(HasSubstr("body")));
}

TEST_F(ExplainCommandTest, AFieldThatIsNoneIsBadUsageAndItsValueIsNotShown) {
  command_.headers = {"a b: secret"};
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.err, testing::Not(HasSubstr("secret")));
}

class KeysCommandTest : public testing::Test {
 protected:
  KeysCommandTest() { command_.server = server_.url(); }
  FakeLarder server_;
  KeysCommand command_;
};

TEST_F(KeysCommandTest, ListsWhatThereIs) {
  server_.Answer("GET", "/admin/v1/keys", {.body = R"({"data":[{"id":"k1","name":"ci",
      "tenant":"tests","prefix":"lk_ab12","created_at":1700000000,"last_used_at":1700000000,
      "expires_at":null}]})"});
  command_.action = "list";
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("lk_ab12...  2023-11-14 22:13  never\n"));
}

TEST_F(KeysCommandTest, ANewKeyStandsAloneOnStandardOutput) {
  server_.Answer("POST", "/admin/v1/keys",
                 {.status = 201, .body = R"({"id":"k1","secret":"lk_secret"})"});
  command_.action = "create";
  command_.name = "ci";
  command_.tenant = "t";
  command_.expires_in = std::chrono::hours(24);
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.out, "lk_secret\n");
  EXPECT_THAT(run.err, HasSubstr("only time"));
  EXPECT_EQ(server_.calls().at(0).body, R"({"name":"ci","tenant":"t","expires_in_s":86400})");
}

TEST_F(KeysCommandTest, ListsLimitsAndWhatOfABudgetIsUsed) {
  server_.Answer("GET", "/admin/v1/keys", {.body = R"({"data":[{"id":"config:ci","name":"ci",
      "tenant":"tests","prefix":"","source":"config","expires_at":null,
      "limits":[{"endpoint":"/embeddings","requests_per_minute":60,"tokens_per_hour":null}],
      "budget":{"money":25,"tokens":null,"period":"month","used":{"money":12.5,"tokens":3}}}]})"});
  command_.action = "list";
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("(config)"));
  EXPECT_THAT(run.out, HasSubstr("60 requests/min on /embeddings, 12.5 of 25 (month)\n"));
}

TEST_F(KeysCommandTest, SendsWhatAKeyMayAskForAndHowMuch) {
  server_.Answer("POST", "/admin/v1/keys", {.status = 201, .body = R"({"secret":"lk_secret"})"});
  server_.Answer("PATCH", "/admin/v1/keys/k1", {.body = R"({"id":"k1"})"});
  command_.action = "create";
  command_.name = "ci";
  command_.models = {"gpt-*", "m"};
  command_.upstreams = {"default"};
  command_.requests_per_minute = 60;
  command_.endpoint = "/embeddings";
  command_.budget_money = "12.50";
  command_.budget_period = "week";
  EXPECT_EQ(RunCaptured(command_).status, 0);
  EXPECT_EQ(server_.calls().at(0).body,
            R"({"name":"ci","models":["gpt-*","m"],"upstreams":["default"],)"
            R"("limits":[{"endpoint":"/embeddings","requests_per_minute":60}],)"
            R"("budget":{"money":"12.50","period":"week"}})");
  KeysCommand change;
  change.server = command_.server;
  change.action = "change";
  change.name = "k1";
  change.tokens_per_hour = 9;
  const auto run = RunCaptured(change);
  EXPECT_EQ(run.out, "changed k1\n");
  EXPECT_EQ(server_.calls().at(1).body, R"({"limits":[{"tokens_per_hour":9}]})");
}

TEST_F(KeysCommandTest, RevokesByItsId) {
  server_.Answer("DELETE", "/admin/v1/keys/k1", {.body = R"({"deleted":true})"});
  command_.action = "revoke";
  command_.name = "k1";
  EXPECT_EQ(RunCaptured(command_).out, "revoked k1\n");
  command_.name = "k2";
  EXPECT_EQ(RunCaptured(command_).status, 1);
}

TEST_F(KeysCommandTest, AMissingOrSurplusNameIsBadUsage) {
  command_.action = "create";
  EXPECT_EQ(RunCaptured(command_).status, 2);
  command_.action = "list";
  command_.name = "x";
  EXPECT_EQ(RunCaptured(command_).status, 2);
}

}  // namespace
}  // namespace larder
