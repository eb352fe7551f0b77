// GET /admin/v1/entries, GET and DELETE /admin/v1/entries/{key}, through the whole proxy.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/proxy/entries_fixture.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class EntriesEndpointTest : public CacheAdminTest {
 protected:
  Answer List(const std::string& query = {}) { return Admin("GET", "entries" + query); }
};

TEST_F(EntriesEndpointTest, ListsWhatWasEmbeddedInTheOrderOfKeys) {
  for (const char* text : {"one", "two", "three"}) EmbedHits(text);
  const Answer answer = List();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Field("cache-control"), "private, no-store");
  const auto keys = KeysOf(answer);
  EXPECT_THAT(keys, SizeIs(3));
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_EQ(StringIn(answer.body, "layer"), "embeddings");
  EXPECT_EQ(NumberIn(answer.body, "scanned"), 3);
  EXPECT_THAT(answer.body, HasSubstr("\"next_cursor\":null"));
}

TEST_F(EntriesEndpointTest, PagesShowEveryEntryOnce) {
  for (int i = 0; i < 25; ++i) EmbedHits("text " + std::to_string(i));
  std::vector<std::string> all;
  std::string cursor;
  int pages = 0;
  do {
    const Answer answer = List("?limit=10&cursor=" + cursor);
    for (std::string& key : KeysOf(answer)) all.push_back(std::move(key));
    cursor = StringIn(answer.body, "next_cursor").value_or("");
    ++pages;
  } while (!cursor.empty());
  EXPECT_EQ(pages, 3);
  EXPECT_THAT(all, SizeIs(25));
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
}

TEST_F(EntriesEndpointTest, TellsOfAnEmbeddingWhatThereIsToTell) {
  EmbedHits("one");
  clock_.Advance(std::chrono::hours(1));
  const std::string key = KeysOf(List()).at(0);
  const Answer answer = Admin("GET", "entries/" + key + "?vector=true");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(StringIn(answer.body, "key"), key);
  EXPECT_EQ(StringIn(answer.body, "layer"), "embeddings");
  EXPECT_EQ(StringIn(answer.body, "input"), "one");
  EXPECT_EQ(StringIn(answer.body, "kind"), "text");
  EXPECT_EQ(StringIn(answer.body, "model"), "m");
  EXPECT_EQ(StringIn(answer.body, "upstream_model"), "m-0001");
  EXPECT_EQ(StringIn(answer.body, "upstream"), upstream().name());
  EXPECT_EQ(StringIn(answer.body, "partition")->size(), 32U);
  EXPECT_EQ(StringIn(answer.body, "namespace"), "");
  EXPECT_EQ(NumberIn(answer.body, "dim"), 4);
  EXPECT_EQ(NumberIn(answer.body, "lifetime_s"), 30 * 86400);
  EXPECT_EQ(NumberIn(answer.body, "ttl_s"), 30 * 86400 - 3600);
  EXPECT_EQ(NumberIn(answer.body, "total_tokens"), 1);
  EXPECT_THAT(answer.body, HasSubstr("\"fresh\":true"));
  EXPECT_GT(NumberIn(answer.body, "bytes").value_or(0), 100);
  EXPECT_THAT(answer.body, HasSubstr("\"vector\":["));
  EXPECT_THAT(Admin("GET", "entries/" + key).body, testing::Not(HasSubstr("vector")));
  clock_.Advance(std::chrono::hours(24 * 30));
  EXPECT_THAT(Admin("GET", "entries/" + key).body, HasSubstr("\"fresh\":false"));
}

TEST_F(EntriesEndpointTest, TellsOfAnAnswerWhatThereIsToTell) {
  UseChat("Hello, \\u00e4 reader");
  ChatHits("hi");
  const Answer list = List("?layer=responses");
  const std::string key = KeysOf(list).at(0);
  EXPECT_THAT(list.body, HasSubstr("\"preview\":\"Hello, ä reader\""));
  EXPECT_THAT(list.body, HasSubstr("\"endpoint\":\"chat\""));
  const Answer answer = Admin("GET", "entries/" + key);
  EXPECT_EQ(NumberIn(answer.body, "status"), 200);
  EXPECT_EQ(NumberIn(answer.body, "prompt_tokens"), 3);
  EXPECT_EQ(NumberIn(answer.body, "completion_tokens"), 2);
  EXPECT_THAT(answer.body, HasSubstr("\"stream\":false"));
  EXPECT_THAT(answer.body, HasSubstr("[\"content-type\",\"application/json\"]"));
  EXPECT_THAT(*StringIn(answer.body, "body"), HasSubstr("chat.completion"));
}

TEST_F(EntriesEndpointTest, ALongInputIsCutAtACharacter) {
  std::string text;
  for (int i = 0; i < 301; ++i) text += "ä";
  EmbedHits(text);
  const Answer list = List();
  EXPECT_THAT(list.body, HasSubstr("\"input_truncated\":true"));
  EXPECT_THAT(list.body, HasSubstr("ä\",\"input_truncated\""));
  EXPECT_EQ(StringIn(Admin("GET", "entries/" + KeysOf(list).at(0)).body, "input"), text);
}

TEST_F(EntriesEndpointTest, TokensAreShownAsNumbers) {
  ASSERT_EQ(Embed(R"({"model":"m","input":[15339,1917]})").status, 200);
  const Answer list = List();
  EXPECT_THAT(list.body, HasSubstr("\"kind\":\"tokens\""));
  EXPECT_THAT(list.body, HasSubstr("\"input\":\"[15339, 1917]\""));
}

TEST_F(EntriesEndpointTest, FindsTextsWithoutRegardToCase) {
  EmbedHits("The Quick brown fox");
  EmbedHits("a lazy dog");
  EXPECT_THAT(KeysOf(List("?q=QUICK")), SizeIs(1));
  EXPECT_THAT(KeysOf(List("?q=o")), SizeIs(2));
  EXPECT_THAT(KeysOf(List("?q=cat")), SizeIs(0));
  UseChat("Forty-two");
  ChatHits("hi");
  for (const char* q : {"forty", "GPT", "chat"}) {
    EXPECT_THAT(KeysOf(List(std::string("?layer=responses&q=") + q)), SizeIs(1)) << q;
  }
  EXPECT_THAT(KeysOf(List("?layer=responses&q=nothing")), SizeIs(0));
}

TEST_F(EntriesEndpointTest, FindsKeysByTheirBeginning) {
  for (int i = 0; i < 20; ++i) EmbedHits("text " + std::to_string(i));
  for (const std::string& key : KeysOf(List())) {
    for (const std::size_t digits : {8, 9, 64}) {
      const Answer found = List("?q=" + key.substr(0, digits));
      EXPECT_THAT(KeysOf(found), testing::ElementsAre(key)) << digits;
      EXPECT_THAT(found.body, HasSubstr("\"next_cursor\":null"));
      EXPECT_LE(NumberIn(found.body, "scanned").value_or(99), 20);
    }
  }
  EmbedHits("deadbeef is no key here");
  EXPECT_THAT(KeysOf(List("?q=deadbeef")), SizeIs(1));
}

TEST_F(EntriesEndpointTest, FiltersByModelPartitionAndNamespace) {
  EmbedHits("one");
  EmbedHits("two", {{"x-larder-namespace", "n"}});
  EmbedHits("three", {{"authorization", "Bearer key-b"}});
  ASSERT_EQ(Embed(R"({"model":"other","input":"four"})").status, 200);
  EXPECT_THAT(KeysOf(List("?namespace=n")), SizeIs(1));
  EXPECT_THAT(KeysOf(List("?namespace=")), SizeIs(3));
  EXPECT_THAT(KeysOf(List("?model=other")), SizeIs(1));
  const std::string key = KeysOf(List("?q=three")).at(0);
  const std::string partition = *StringIn(Admin("GET", "entries/" + key).body, "partition");
  EXPECT_THAT(KeysOf(List("?partition=" + partition)), testing::ElementsAre(key));
  EXPECT_THAT(KeysOf(List("?partition=" + partition.substr(0, 8))), testing::ElementsAre(key));
  EXPECT_THAT(KeysOf(List("?model=m&q=one&partition=" + partition)), SizeIs(0));
}

TEST_F(EntriesEndpointTest, RefusesWhatItDoesNotKnow) {
  const std::pair<const char*, const char*> rows[] = {
      {"?layer=both", "layer"},
      {"?limit=0", "limit"},
      {"?limit=501", "limit"},
      {"?limit=x", "limit"},
      {"?cursor=abc", "cursor"},
      {"?partition=abc", "partition"},
      {"?partition=zzzzzzzz", "partition"},
      {"?order=key", "order"},
      {"?q=a&q=b", "q"},
  };
  for (const auto& [query, param] : rows) {
    const Answer answer = List(query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(StringIn(answer.body, "error.param"), param) << query;
  }
  EXPECT_EQ(Admin("GET", "entries/abc").status, 400);
  EXPECT_EQ(Admin("GET", "entries/" + std::string(64, '0')).status, 404);
  EXPECT_EQ(Admin("GET", "entries/" + std::string(64, '0') + "?vector=1").status, 400);
  EXPECT_EQ(Admin("DELETE", "entries/" + std::string(64, '0') + "?all=1").status, 400);
  EXPECT_EQ(Admin("DELETE", "entries").status, 405);
  EXPECT_EQ(Admin("POST", "entries", "{}").status, 405);
}

TEST_F(EntriesEndpointTest, ADeletedEntryIsAMissAgain) {
  EmbedHits("one");
  EmbedHits("two");
  const std::string key = KeysOf(List("?q=one")).at(0);
  const Answer deleted = Admin("DELETE", "entries/" + key);
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.body, "{\"deleted\":1}");
  EXPECT_EQ(Admin("DELETE", "entries/" + key).status, 404);
  EXPECT_EQ(Admin("GET", "entries/" + key).status, 404);
  EXPECT_FALSE(EmbedHits("one"));
  EXPECT_TRUE(EmbedHits("two"));
}

TEST_F(EntriesEndpointTest, AnEntryThatStandsInMemoryAloneIsDeletedToo) {
  world().store().FailWrites(true);
  EmbedHits("one");
  UseChat();
  ChatHits("hi");
  world().store().FailWrites(false);
  EXPECT_TRUE(EmbedHits("one"));
  EXPECT_TRUE(ChatHits("hi"));
  const auto records = world().records();
  for (const std::size_t back : {2, 1}) {
    const auto& key = records.at(records.size() - back).cache.key;
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(Admin("DELETE", "entries/" + ToHex(*key)).status, 200);
  }
  UseEmbeddings();
  EXPECT_FALSE(EmbedHits("one"));
  UseChat();
  EXPECT_FALSE(ChatHits("hi"));
}

TEST_F(EntriesEndpointTest, AStoreThatFailsIsUnavailable) {
  EmbedHits("one");
  const std::string key = KeysOf(List()).at(0);
  world().store().FailReads(true);
  EXPECT_EQ(List().status, 503);
  EXPECT_EQ(Admin("GET", "entries/" + key).status, 503);
  world().store().FailReads(false);
  world().store().FailWrites(true);
  const Answer refused = Admin("DELETE", "entries/" + key);
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("0 of 1 entries found so far were deleted"));
  world().store().FailWrites(false);
  EXPECT_EQ(Admin("GET", "entries/" + key).status, 200);
}

}  // namespace
}  // namespace larder
