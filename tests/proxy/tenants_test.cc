// Ten thousand requests of twenty callers, at random but for the seed: nobody gets what another one
// was answered, stored, searched or is recorded for.
#include <gmock/gmock.h>

#include <thread>

#include "tests/support/tenants.h"

namespace larder {
namespace {

using testing::HasSubstr;

TEST_F(TenantsTest, NothingOfTenThousandRequestsCrosses) {
  using Some = void (TenantsTest::*)(const Who&);
  const std::pair<std::size_t, Some> kKinds[] = {
      {25, &TenantsTest::EmbedSome},      {20, &TenantsTest::ChatSome},
      {15, &TenantsTest::RespondSome},    {6, &TenantsTest::DeleteSome},
      {10, &TenantsTest::SearchSome},     {14, &TenantsTest::CollectSome},
      {5, &TenantsTest::VectorStoreSome}, {5, &TenantsTest::VectorizeSome}};
  for (int i = 0; i < 10'000 && !HasFailure(); ++i) {
    const Who who = Anybody();
    SCOPED_TRACE(std::to_string(i) + ": " + who.id());
    std::size_t kind = Pick(100);
    for (const auto& [share, some] : kKinds) {
      if (kind < share) {
        (this->*some)(who);
        break;
      }
      kind -= share;
    }
  }
  // What a test of separation must not be: everything apart because nothing is shared or found.
  EXPECT_GT(hits_, 1000U);
  EXPECT_GT(found_, 500U);
  EXPECT_EQ(callers_.size(), 20U);
  EXPECT_EQ(std::set<std::string>([&] {
              std::set<std::string> all;
              for (const auto& [owner, partition] : partitions_) all.insert(partition);
              return all;
            }())
                .size(),
            16U);
}

// The records, and the entries as the admin sees them, stand under whose they are.
TEST_F(TenantsTest, RecordsAndEntriesStandUnderWhoseTheyAre) {
  std::map<std::string, std::size_t> requests;
  for (int i = 0; i < 1'000; ++i) {
    const Who who = Anybody();
    Pick(2) == 0 ? RespondSome(who) : EmbedSome(who);
    ++requests[partitions_[who.caller.owner].substr(0, 8)];
  }
  std::map<std::string, std::size_t> recorded;
  for (const RequestRecord& record : world().records()) ++recorded[record.partition];
  EXPECT_EQ(recorded, requests);

  std::size_t seen = 0;
  for (const auto& [owner, partition] : partitions_) {
    const Answer list = Get("/admin/v1/entries?layer=responses&limit=500&partition=" + partition);
    EXPECT_EQ(list.status, 200) << list.body;
    for (const std::string& key : Each(list, "data", "key")) {
      const Answer entry = Get("/admin/v1/entries/" + key);
      EXPECT_EQ(StringIn(entry.body, "partition"), partition);
      const std::string whose = owner + "/" + StringIn(entry.body, "namespace").value_or("?") + ".";
      EXPECT_THAT(entry.body, HasSubstr("said to " + whose));
      ++seen;
    }
  }
  EXPECT_GT(seen, 200U);
}

// Eight at a time for the same new thing while upstream waits: one call for each who may share, and
// none for those who do not.
TEST_F(TenantsTest, CallsAreSharedWithinAPartitionAlone) {
  for (int i = 0; i < 100 && !HasFailure(); ++i) {
    const bool chat = Pick(2) == 0;
    std::vector<Who> group;
    std::set<std::string> apart;
    for (int j = 0; j < 8; ++j) {
      group.push_back(Anybody());
      apart.insert(group.back().id());
    }
    const std::size_t before = upstream().call_count();
    upstream().Hold();
    std::vector<std::thread> threads;
    for (const Who& who : group) {
      threads.emplace_back([&, who] {
        const std::string text = "burst " + std::to_string(i);
        const Answer answer =
            chat ? Ask(who, "POST", "/v1/chat/completions",
                       R"({"model":"m","messages":[{"role":"user","content":")" + text + "\"}]}")
                 : Ask(who, "POST", "/v1/embeddings", R"({"model":"m","input":")" + text + "\"}");
        if (chat) {
          EXPECT_THAT(answer.body, HasSubstr("said to " + who.id() + "."));
        } else {
          EXPECT_NEAR(VectorsOf(answer.body).at(0).at(0),
                      VectorFor(who.id() + "|\"" + text + "\"").at(0), 1e-5);
        }
      });
    }
    EXPECT_TRUE(upstream().WaitForCalls(before + apart.size()));
    upstream().Release();
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(upstream().call_count(), before + apart.size());
  }
}

}  // namespace
}  // namespace larder
