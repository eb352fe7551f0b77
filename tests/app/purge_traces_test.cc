// What a purge leaves on the disk, in the whole server.
#include <sys/stat.h>

#include "app/purge_command.h"
#include "tests/support/captured_run.h"
#include "tests/support/private_server.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::size_t kMany = 4'200;  // beyond what is held in memory: there is a vector file
constexpr std::size_t kAtOnce = 1'400;
constexpr std::size_t kFew = 20;

class PurgeTracesTest : public PrivateServerTest {
 protected:
  // Alice has many texts, Bob some, both answers; in tables, logs, snapshots and vector files.
  void Plant() {
    Start();
    for (std::size_t i = 0; i < kMany; i += kAtOnce) Embed("alice", i, kAtOnce);
    alice_ = PartitionOfOnly();
    Embed("bob", 0, kFew);
    Chat("alice");
    Chat("bob");
    response_id_ = IdIn(Respond("alice").body);
    Respond("bob");
    vectors_ = {VectorOf("alice", 7), VectorOf("alice", kMany - 1)};
    WaitUntilIndexed(kMany + kFew);
    Start();  // the snapshots are written at the end
    WaitUntilIndexed(kMany + kFew);
    Embed("alice", kMany, 1);  // in the log alone
    WaitUntilIndexed(kMany + kFew + 1);
    ASSERT_THAT(FilesWith(config_.data_dir, ".f32"), Not(IsEmpty()));
    for (const auto& vector : vectors_) ASSERT_THAT(TracesOf("alice", {vector}), Not(IsEmpty()));
    ASSERT_THAT(FilesWith(config_.data_dir, response_id_), Not(IsEmpty()));
  }
  std::string PartitionOfOnly() const {
    const std::string body = Call("GET", "/admin/v1/entries?limit=1", "operator").body;
    const std::string_view begins = "\"partition\":\"";
    return body.substr(body.find(begins) + begins.size(), 32);
  }
  static std::string IdIn(const std::string& body) {
    const auto document = JsonDocument::Parse(body);
    EXPECT_TRUE(document.ok());
    return document.ok() ? std::string(StringMember(document->root(), "id").value_or("")) : "";
  }
  void ExpectNoTraceOfAlice() const {
    EXPECT_THAT(TracesOf("alice", vectors_), IsEmpty());
    EXPECT_THAT(FilesWith(config_.data_dir, response_id_), IsEmpty());
  }
  void ExpectBobIsAnswered() const {
    EXPECT_TRUE(IsHit(Embed("bob", 0, kFew)));
    EXPECT_TRUE(IsHit(Chat("bob")));
    EXPECT_TRUE(IsHit(Respond("bob")));
    EXPECT_THAT(
        Call("POST", "/v1/search", "bob",
             R"({"model":"larder-hash-384","query":")" + TextOf("bob", 7) + R"(","top_k":3})")
            .body,
        HasSubstr("bob says 7"));
  }

  std::string alice_;
  std::string response_id_;
  std::vector<std::vector<float>> vectors_;
};

TEST_F(PurgeTracesTest, NothingIsLeftOfAPurgedTenantAndTheOtherIsAnswered) {
  Plant();
  const std::string purged = Call("POST", "/admin/v1/purge", "operator",
                                  R"({"partition":")" + alice_ + R"(","compact":true})")
                                 .body;
  EXPECT_THAT(purged, HasSubstr("\"deleted\":" + std::to_string(kMany + 1 + 2)));
  EXPECT_THAT(purged, HasSubstr("\"compacted\":\"rewrote the databases"));
  ExpectNoTraceOfAlice();
  ExpectBobIsAnswered();
  WaitUntilIndexed(kFew);
  Start();
  ExpectNoTraceOfAlice();
  ExpectBobIsAnswered();
  EXPECT_FALSE(IsHit(Embed("alice", 7, 1)));
}

TEST_F(PurgeTracesTest, TheCommandLeavesNothingEither) {
  Plant();
  PurgeCommand command;
  command.server = app_->address();
  command.partition = alice_;
  command.compact = true;
  command.yes = true;
  const auto run = RunCaptured(command);
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("entries removed; rewrote the databases"));
  ExpectNoTraceOfAlice();
  ExpectBobIsAnswered();
}

TEST_F(PurgeTracesTest, WhatWasMovedAsideIsNamed) {
  Start();
  std::filesystem::create_directories(config_.data_dir + "/cache.damaged-17");
  EXPECT_THAT(Call("POST", "/admin/v1/purge", "operator", R"({"all":true,"compact":true})").body,
              HasSubstr("until it is removed: cache.damaged-17"));
}

TEST_F(PurgeTracesTest, NothingIsLeftOfAPurgeWhileTextsAreNotIndexed) {
  Plant();
  config_.indexer.index_cached_inputs = false;
  Start();
  Call("POST", "/admin/v1/purge", "operator",
       R"({"partition":")" + alice_ + R"(","compact":true})");
  ExpectNoTraceOfAlice();
}

TEST_F(PurgeTracesTest, NothingIsLeftOfDeletedPointsOnceTheyAreErased) {
  Start();
  Call("PUT", "/v1/collections/notes", "alice", R"({"dimensions":3,"storage":"int8"})");
  Call("POST", "/v1/collections/notes/upsert", "alice",
       R"({"points":[{"id":"a","values":[1,2,3],"text":"alice kept"},)"
       R"({"id":"b","values":[3,2,1],"text":"alice deleted"}]})");
  Start();
  Call("POST", "/v1/collections/notes/delete", "alice", R"({"ids":["b"]})");
  WaitFor("/readyz", "\"collections\":\"ready\"");
  Call("POST", "/admin/v1/maintenance", "operator", R"({"task":"erasure"})");
  WaitFor("/admin/v1/stats", "\"last_result\":\"rewrote the databases");
  EXPECT_THAT(FilesWith(config_.data_dir, "alice deleted"), IsEmpty());
  EXPECT_THAT(FilesWith(config_.data_dir, "alice kept"), Not(IsEmpty()));
}

TEST_F(PurgeTracesTest, WithoutKeptInputsNoEmbeddedTextIsOnTheDisk) {
  config_.embedding_cache.store_inputs = false;
  Start();
  Embed("alice", 0, 50);
  Call("POST", "/v1/search", "alice", R"({"model":"larder-hash-384","query":"alice searches"})");
  Start();
  EXPECT_TRUE(IsHit(Embed("alice", 0, 50)));
  EXPECT_THAT(FilesWith(config_.data_dir, "alice"), IsEmpty());
  app_.reset();
  EXPECT_THAT(FilesWith(config_.data_dir, "alice"), IsEmpty());
}

// As GuardProcess does for the whole server.
TEST_F(PurgeTracesTest, EveryFileIsTheOwnersAndAtMostReadByHisGroup) {
  const mode_t before = ::umask(0027);
  Start();
  Embed("alice", 0, 50);
  Chat("alice");
  Call("PUT", "/v1/collections/notes", "alice", R"({"dimensions":3})");
  Start();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(config_.data_dir)) {
    struct stat status = {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & (entry.is_directory() ? 0027U : 0037U), 0U) << entry.path();
  }
  ::umask(before);
}

}  // namespace
}  // namespace larder
