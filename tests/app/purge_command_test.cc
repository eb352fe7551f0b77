#include "app/purge_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/captured_run.h"
#include "tests/support/fake_larder.h"

namespace larder {
namespace {

using testing::HasSubstr;

class PurgeCommandTest : public testing::Test {
 protected:
  PurgeCommandTest() {
    command_.server = server_.url();
    server_.Answer("POST", "/admin/v1/purge",
                   {.content_type = "application/x-ndjson",
                    .pieces = {"{\"matched\":3,\"deleted\":2,\"scanned\":50,\"total\":100}\n",
                               "{\"matched\":5,\"deleted\":5,\"scanned\":100,\"total\":100,"
                               "\"done\":true}\n"}});
  }

  FakeLarder server_;
  PurgeCommand command_;
};

TEST_F(PurgeCommandTest, SendsEveryCondition) {
  command_.layer = "embeddings";
  command_.model = "m";
  command_.partition = "0123abcd";
  command_.ns = "n";
  command_.key = "k";
  command_.input = "";
  command_.prefix = "p";
  command_.older_than = std::chrono::hours(24 * 7);
  command_.yes = true;
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, "5 entries removed\n");
  const LarderCall call = server_.calls().at(0);
  EXPECT_EQ(call.body,
            R"({"layer":"embeddings","model":"m","partition":"0123abcd","namespace":"n",)"
            R"("key":"k","input":"","prefix":"p","older_than_s":604800})");
  EXPECT_EQ(call.headers.Find("accept"), "application/x-ndjson");
  EXPECT_EQ(call.headers.Find("content-type"), "application/json");
}

TEST_F(PurgeCommandTest, ADryRunCountsAlone) {
  command_.all = true;
  command_.dry_run = true;
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.out, "5 entries would be removed\n");
  ASSERT_EQ(server_.calls().size(), 1U);
  EXPECT_EQ(server_.calls()[0].body, R"({"all":true,"dry_run":true})");
}

TEST_F(PurgeCommandTest, AnAnswerThatIsOneObjectWillDo) {
  server_.Answer("POST", "/admin/v1/purge", {.body = R"({"matched":1,"deleted":1})"});
  command_.all = command_.yes = command_.json = true;
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, "{\"matched\":1,\"deleted\":1,\"dry_run\":false}\n");
}

TEST_F(PurgeCommandTest, WithoutATerminalItMustBeTold) {
  command_.all = true;
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.err, HasSubstr("say --yes, or --dry-run"));
  EXPECT_TRUE(server_.calls().empty());
}

TEST_F(PurgeCommandTest, WithoutAConditionItMustBeTold) {
  command_.yes = true;
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.err, HasSubstr("or --all"));
}

TEST_F(PurgeCommandTest, APurgeThatBreaksOffSaysHowFarItCame) {
  server_.Answer("POST", "/admin/v1/purge",
                 {.content_type = "application/x-ndjson",
                  .pieces = {"{\"matched\":3,\"deleted\":2,\"scanned\":50,\"total\":100}\n"}});
  command_.all = command_.yes = true;
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("2 entries were removed: run it again for the rest"));
}

TEST_F(PurgeCommandTest, TheServersRefusalIsTold) {
  server_.Answer("POST", "/admin/v1/purge",
                 {.status = 400, .body = R"({"error":{"message":"prefix is too short"}})"});
  command_.prefix = "a";
  command_.yes = true;
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("prefix is too short"));
}

TEST_F(PurgeCommandTest, SaysWhatBecameOfTheTraces) {
  server_.Answer("POST", "/admin/v1/purge",
                 {.content_type = "application/x-ndjson",
                  .pieces = {"{\"matched\":5,\"deleted\":5,\"scanned\":100,\"total\":100,"
                             "\"compacted\":\"rewrote the databases\",\"done\":true}\n"}});
  command_.all = command_.yes = command_.compact = true;
  EXPECT_EQ(RunCaptured(command_).out, "5 entries removed; rewrote the databases\n");
  EXPECT_EQ(server_.calls().at(0).body, R"({"all":true,"compact":true})");
  command_.json = true;
  EXPECT_EQ(RunCaptured(command_).out,
            R"({"matched":5,"deleted":5,"dry_run":false,"compacted":"rewrote the databases"})"
            "\n");
}

}  // namespace
}  // namespace larder
