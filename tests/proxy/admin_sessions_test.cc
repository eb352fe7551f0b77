#include "proxy/admin/admin_sessions.h"

#include <gtest/gtest.h>

#include "cache/memory_store.h"
#include "tests/support/faulty_store.h"
#include "tests/support/manual_clock.h"

namespace larder {
namespace {

using std::chrono::hours;

class AdminSessionsTest : public testing::Test {
 protected:
  AdminSessionsTest() {
    admin_.token = "token";
    admin_.oidc.issuer = "https://issuer.example";
    admin_.oidc.allowed = {"*@example.org"};
  }
  // A new process on the same store.
  AdminSessions Restarted(const std::string& secret = "secret") {
    return AdminSessions(store_, clock_, admin_, secret);
  }
  std::uint64_t stored() const { return memory_.SizeOf(Family::kSessions).entries; }

  ManualClock clock_;
  MemoryStore memory_;
  FaultyStore store_{memory_};
  AdminOptions admin_;
};

TEST_F(AdminSessionsTest, BeginsSessionsThatNobodyGuesses) {
  AdminSessions sessions = Restarted();
  const auto one = sessions.Begin("");
  const auto other = sessions.Begin("jam@example.org");
  EXPECT_TRUE(one.stored.ok());
  EXPECT_EQ(one.id.size(), 43U);
  EXPECT_NE(one.id, other.id);
  EXPECT_EQ(sessions.Find(one.id)->subject, "");
  EXPECT_EQ(sessions.Find(other.id)->subject, "jam@example.org");
  for (const std::string& id :
       {std::string(), one.id + "x", one.id.substr(1), std::string(43, 'A')}) {
    EXPECT_EQ(sessions.Find(id), std::nullopt) << id;
  }
}

TEST_F(AdminSessionsTest, KeepsOnlyTheHashOfACookie) {
  const std::string id = Restarted().Begin("").id;
  ASSERT_TRUE(memory_
                  .ForEach(Family::kSessions, "",
                           [&](std::string_view key, std::string_view value) {
                             EXPECT_EQ(key, AsBytes(Sha256Of(id)));
                             EXPECT_EQ(value.find(id), std::string_view::npos);
                             EXPECT_EQ(value.find("token"), std::string_view::npos);
                             return true;
                           })
                  .ok());
  EXPECT_EQ(stored(), 1U);
}

TEST_F(AdminSessionsTest, SurviveARestartUntilTheirTime) {
  const std::string id = Restarted().Begin("jam@example.org").id;
  clock_.Advance(hours(11));
  AdminSessions sessions = Restarted();
  EXPECT_EQ(*sessions.Load(), 1U);
  EXPECT_EQ(sessions.Find(id)->subject, "jam@example.org");
  clock_.Advance(hours(1));
  EXPECT_EQ(sessions.Find(id), std::nullopt);
  EXPECT_EQ(*Restarted().Load(), 0U);
  EXPECT_EQ(stored(), 0U);
}

TEST_F(AdminSessionsTest, AClockThatIsSetBackLengthensNone) {
  AdminSessions sessions = Restarted();
  const std::string id = sessions.Begin("").id;
  clock_.StepWall(-hours(1000));
  EXPECT_NE(sessions.Find(id), std::nullopt);
  clock_.Advance(hours(12));
  EXPECT_EQ(sessions.Find(id), std::nullopt);
}

TEST_F(AdminSessionsTest, AClockThatIsSetForwardEndsThem) {
  AdminSessions sessions = Restarted();
  const std::string id = sessions.Begin("").id;
  clock_.StepWall(hours(12));
  EXPECT_EQ(sessions.Find(id), std::nullopt);
}

TEST_F(AdminSessionsTest, AnotherTokenEndsAllOfThem) {
  Restarted().Begin("");
  Restarted().Begin("jam@example.org");
  admin_.token = "another";
  EXPECT_EQ(*Restarted().Load(), 0U);
  EXPECT_EQ(stored(), 0U);
}

TEST_F(AdminSessionsTest, OtherRulesOfTheProviderEndItsSessionsAlone) {
  const std::string by_token = Restarted().Begin("").id;
  const std::string by_provider = Restarted().Begin("jam@example.org").id;
  admin_.oidc.allowed = {"*@example.com"};
  AdminSessions sessions = Restarted();
  EXPECT_EQ(*sessions.Load(), 1U);
  EXPECT_NE(sessions.Find(by_token), std::nullopt);
  EXPECT_EQ(sessions.Find(by_provider), std::nullopt);
}

TEST_F(AdminSessionsTest, AnotherServersSecretEndsAllOfThem) {
  Restarted().Begin("");
  EXPECT_EQ(*Restarted("other").Load(), 0U);
}

TEST_F(AdminSessionsTest, AShorterLifetimeCountsForThoseThatWereBegun) {
  const std::string id = Restarted().Begin("").id;
  clock_.Advance(hours(2));
  admin_.sessions.lifetime = hours(1);
  EXPECT_EQ(*Restarted().Load(), 0U);
}

TEST_F(AdminSessionsTest, ALogoutIsForEver) {
  AdminSessions sessions = Restarted();
  const std::string id = sessions.Begin("").id;
  EXPECT_TRUE(sessions.End(*sessions.Find(id)).ok());
  EXPECT_EQ(sessions.Find(id), std::nullopt);
  EXPECT_EQ(*Restarted().Load(), 0U);
}

TEST_F(AdminSessionsTest, BeyondTheMostTheOneThatEndsFirstGoes) {
  admin_.sessions.most = 3;
  AdminSessions sessions = Restarted();
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(sessions.Begin("").id);
    clock_.Advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(sessions.size(), 3U);
  EXPECT_EQ(stored(), 3U);
  EXPECT_EQ(sessions.Find(ids[1]), std::nullopt);
  EXPECT_NE(sessions.Find(ids[2]), std::nullopt);
  admin_.sessions.most = 2;
  EXPECT_EQ(*Restarted().Load(), 2U);
}

TEST_F(AdminSessionsTest, WorkWhileTheStoreRefusesWrites) {
  AdminSessions sessions = Restarted();
  const std::string kept = sessions.Begin("").id;
  store_.FailWrites(true);
  const auto begun = sessions.Begin("");
  EXPECT_FALSE(begun.stored.ok());
  EXPECT_NE(sessions.Find(begun.id), std::nullopt);
  EXPECT_FALSE(sessions.End(*sessions.Find(kept)).ok());
  EXPECT_EQ(sessions.Find(kept), std::nullopt);
  // What could not be deleted goes with the next write that is taken.
  store_.FailWrites(false);
  const std::string later = sessions.Begin("").id;
  AdminSessions restarted = Restarted();
  EXPECT_EQ(*restarted.Load(), 1U);
  EXPECT_EQ(restarted.Find(kept), std::nullopt);
  EXPECT_NE(restarted.Find(later), std::nullopt);
}

TEST_F(AdminSessionsTest, AStoreThatCannotBeReadLetsNobodyInWithoutALogin) {
  const std::string id = Restarted().Begin("").id;
  store_.FailReads(true);
  AdminSessions sessions = Restarted();
  EXPECT_FALSE(sessions.Load().ok());
  EXPECT_EQ(sessions.Find(id), std::nullopt);
  EXPECT_NE(sessions.Find(sessions.Begin("").id), std::nullopt);
}

TEST_F(AdminSessionsTest, DamagedRecordsAreNoSessions) {
  const std::string id = Restarted().Begin("").id;
  const Digest hash = Sha256Of(id);
  const std::string record = EncodeSession(*[&] {
    AdminSessions sessions = Restarted();
    EXPECT_EQ(*sessions.Load(), 1U);
    return sessions.Find(id);
  }());
  for (std::size_t i = 0; i < record.size(); ++i) {
    std::string damaged = record;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);

    EXPECT_FALSE(DecodeSession(AsBytes(hash), damaged).ok()) << i;
  }
  EXPECT_FALSE(DecodeSession("short", record).ok());
}

TEST_F(AdminSessionsTest, EachSessionHasACsrfTokenOfItsOwn) {
  AdminSessions sessions = Restarted();
  const AdminSession one = *sessions.Find(sessions.Begin("").id);
  const AdminSession other = *sessions.Find(sessions.Begin("").id);
  const std::string token = sessions.CsrfTokenOf(one);
  EXPECT_EQ(token.size(), 64U);
  EXPECT_TRUE(sessions.IsCsrfToken(one, token));
  EXPECT_FALSE(sessions.IsCsrfToken(other, token));
  EXPECT_FALSE(sessions.IsCsrfToken(one, ""));
  EXPECT_EQ(Restarted().CsrfTokenOf(one), token);
}

}  // namespace
}  // namespace larder
