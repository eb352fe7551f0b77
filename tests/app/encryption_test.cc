// Encryption at rest, in the whole server.
#include "app/encryption.h"

#include "tests/support/file_bytes.h"
#include "tests/support/private_server.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const SecretKey kKey(Sha256Of("a key"));
const SecretKey kNewKey(Sha256Of("a new key"));
constexpr std::size_t kTexts = 300;

class EncryptionTest : public PrivateServerTest {
 protected:
  // A tenant's texts, vectors, answers and a collection.
  void Plant() {
    Start();
    Embed("alice", 0, kTexts);
    Chat("alice");
    Respond("alice");
    Call("PUT", "/v1/collections/notes", "alice",
         R"({"model":"larder-hash-384","dimensions":384})");
    Call("POST", "/v1/collections/notes/upsert", "alice",
         R"({"points":[{"id":"a","text":"alice notes something"}]})");
    WaitUntilIndexed(kTexts);
    vectors_ = {VectorOf("alice", 7)};
  }
  void ExpectAllIsThere() const {
    EXPECT_TRUE(IsHit(Embed("alice", 0, kTexts)));
    EXPECT_TRUE(IsHit(Chat("alice")));
    EXPECT_TRUE(IsHit(Respond("alice")));
    WaitFor("/readyz", "\"collections\":\"ready\"");
    EXPECT_THAT(Call("POST", "/v1/search", "alice",
                     R"({"collection":"notes","query":"alice notes something","top_k":1})")
                    .body,
                HasSubstr("alice notes something"));
    WaitUntilIndexed(kTexts);
    EXPECT_THAT(
        Call("POST", "/v1/search", "alice",
             R"({"model":"larder-hash-384","query":")" + TextOf("alice", 7) + R"(","top_k":1})")
            .body,
        HasSubstr("alice says 7"));
  }
  std::vector<std::string> Traces() const { return TracesOf("alice", vectors_); }
  std::string Refusal() {
    app_.reset();
    const auto app = App::Start(config_, log_);
    return app.ok() ? "started" : app.error().message;
  }
  // Every file with its bytes, but for the lock.
  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(config_.data_dir)) {
      if (entry.is_regular_file() && entry.path().filename() != "lock") {
        files[entry.path().string()] = ReadBytes(entry.path().string());
      }
    }
    return files;
  }
  void WaitUntilSealed() const { WaitFor("/admin/v1/stats", "values seen so far; rewrote"); }

  std::vector<std::vector<float>> vectors_;
};

TEST_F(EncryptionTest, NothingReadableIsOnTheDiskAndEverythingIsThereAfterARestart) {
  config_.encryption.key = kKey;
  Plant();
  EXPECT_THAT(Traces(), IsEmpty());
  Start();
  ExpectAllIsThere();
  app_.reset();
  EXPECT_THAT(Traces(), IsEmpty());
  EXPECT_THAT(FilesWith(config_.data_dir, ".f32"), IsEmpty());
}

TEST_F(EncryptionTest, WithAnotherKeyOrNoneItDoesNotStartAndChangesNothing) {
  config_.encryption.key = kKey;
  Plant();
  app_.reset();
  const auto before = Files();
  config_.encryption.key = kNewKey;
  EXPECT_THAT(Refusal(), HasSubstr("is encrypted with another key"));
  config_.encryption.key.reset();
  EXPECT_THAT(Refusal(), HasSubstr("is encrypted: name its key"));
  EXPECT_TRUE(Files() == before);
  config_.encryption.key = kKey;
  Start();
  ExpectAllIsThere();
}

TEST_F(EncryptionTest, TurnedOnLaterItReadsWhatIsPlainAndSealsItInTheBackground) {
  Plant();
  app_.reset();
  EXPECT_THAT(Traces(), Not(IsEmpty()));
  config_.encryption.key = kKey;
  Start();
  ExpectAllIsThere();
  WaitUntilSealed();
  EXPECT_THAT(Traces(), IsEmpty());
  Start();
  ExpectAllIsThere();
  Call("POST", "/admin/v1/maintenance", "operator", R"({"task":"seal"})");
  WaitFor("/admin/v1/stats", "everything is sealed");
}

TEST_F(EncryptionTest, AKeyIsChangedWhileTheServerGoesOn) {
  config_.encryption.key = kKey;
  Plant();
  config_.encryption.key = kNewKey;
  config_.encryption.previous_key = kKey;
  Start();
  ExpectAllIsThere();
  WaitUntilSealed();
  config_.encryption.previous_key.reset();
  Start();
  ExpectAllIsThere();
  config_.encryption.key = kKey;
  EXPECT_THAT(Refusal(), HasSubstr("another key"));
}

TEST_F(EncryptionTest, WithoutAKeyThereIsNothingToSeal) {
  Start();
  EXPECT_THAT(Call("GET", "/admin/v1/stats", "operator").body, Not(HasSubstr("\"name\":\"seal\"")));
  EXPECT_FALSE(std::filesystem::exists(config_.data_dir + "/encryption"));
}

}  // namespace
}  // namespace larder
