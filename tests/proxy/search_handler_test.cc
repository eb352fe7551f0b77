// POST /v1/search: what was embedded through Larder is found again, by its own caller.
#include <gmock/gmock.h>

#include "proxy/json/json.h"
#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// Upstream's vectors in these tests: directions in a plane.
struct Place {
  const char* text;
  const char* vector;
};
constexpr Place kPlaces[] = {{"east", "[1,0]"},     {"northeast", "[1,1]"}, {"north", "[0,1]"},
                             {"west", "[-1,0]"},    {"south", "[0,-1]"},    {"query", "[1,0.1]"},
                             {"far east", "[2,0]"}, {"again", "[1,0]"}};

class SearchHandlerTest : public ProxyTest {
 protected:
  SearchHandlerTest() {
    upstream().ComputeAlways([this](const FakeCall& call) -> Result<UpstreamReply> {
      std::string data;
      for (const std::string& input : InputsOf(call)) {
        std::string vector = "[0.5,0.5]";
        for (const Place& place : kPlaces) {
          if (input == "\"" + std::string(place.text) + "\"") vector = place.vector;
        }
        data += (data.empty() ? "" : ",") + (R"({"embedding":)" + vector + "}");
      }
      return upstream().Make({.body = R"({"model":"m-1","data":[)" + data +
                                      R"(],"usage":{"prompt_tokens":2,"total_tokens":2}})"});
    });
    world().indexer().Start();
  }

  Answer EmbedTexts(const std::vector<std::string>& texts, Headers headers = {},
                    const std::string& model = "m") {
    std::string inputs;
    for (const std::string& text : texts) inputs += (inputs.empty() ? "\"" : ",\"") + text + "\"";
    Answer answer =
        Embed(R"({"model":")" + model + R"(","input":[)" + inputs + "]}", std::move(headers));
    EXPECT_EQ(answer.status, 200);
    return answer;
  }
  Answer Search(std::string body, Headers headers = {}) {
    return Post("/v1/search", std::move(body), std::move(headers));
  }
  static std::vector<std::string> TextsOf(const Answer& answer) {
    std::vector<std::string> texts;
    const auto document = JsonDocument::Parse(answer.body);
    JsonArray matches;
    if (!document.ok() || !Member(document->root(), "data")) return {"no answer: " + answer.body};
    EXPECT_EQ(Member(document->root(), "data")->get(matches), simdjson::SUCCESS);
    for (const JsonElement match : matches) {
      texts.emplace_back(StringMember(match, "text").value_or("?"));
    }
    return texts;
  }
};

TEST_F(SearchHandlerTest, FindsTheNearestTextsBestFirst) {
  EmbedTexts({"north", "west", "northeast", "east"});
  ASSERT_TRUE(world().WaitUntilIndexed(4));
  const Answer answer = Search(R"({"model":"m","query":"query","top_k":3})");
  ASSERT_EQ(answer.status, 200);
  EXPECT_THAT(TextsOf(answer), ElementsAre("east", "northeast", "north"));
  EXPECT_EQ(StringIn(answer.body, "object"), "list");
  EXPECT_EQ(StringIn(answer.body, "model"), "m");
  EXPECT_EQ(NumberIn(answer.body, "usage.total_tokens"), 2);
  const auto document = JsonDocument::Parse(answer.body);
  JsonArray matches;
  ASSERT_EQ(Member(document->root(), "data")->get(matches), simdjson::SUCCESS);
  double before = 1;
  for (const JsonElement match : matches) {
    const double score = NumberMember(match, "score").value_or(9);
    EXPECT_LE(score, before);
    EXPECT_GE(score, -1);
    before = score;
    EXPECT_EQ(StringMember(match, "id")->size(), 64U);
    EXPECT_TRUE(Member(match, "metadata")->is_null());
    EXPECT_TRUE(Member(match, "collection")->is_null());
    EXPECT_FALSE(Member(match, "values").has_value());
  }
}

TEST_F(SearchHandlerTest, TakesAVectorWithoutAskingUpstream) {
  EmbedTexts({"north", "east"});
  ASSERT_TRUE(world().WaitUntilIndexed(2));
  const Answer answer = Search(R"({"model":"m","query":[0,5]})");
  EXPECT_THAT(TextsOf(answer), ElementsAre("north", "east"));
  EXPECT_EQ(NumberIn(answer.body, "usage.total_tokens"), 0);
  EXPECT_EQ(upstream().call_count(), 1U);
}

TEST_F(SearchHandlerTest, EmbedsATextQueryThroughTheCacheAndDoesNotFindIt) {
  EmbedTexts({"north"});
  ASSERT_TRUE(world().WaitUntilIndexed(1));
  EXPECT_THAT(TextsOf(Search(R"({"model":"m","query":"query"})")), ElementsAre("north"));
  const Answer again = Search(R"({"model":"m","query":"query"})");
  EXPECT_TRUE(again.hit());
  EXPECT_THAT(TextsOf(again), ElementsAre("north"));
  EXPECT_EQ(upstream().call_count(), 2U);
}

TEST_F(SearchHandlerTest, FindsATextThatWasOnlySearchedWithOnceItIsEmbedded) {
  Search(R"({"model":"m","query":"query"})");
  EXPECT_TRUE(EmbedTexts({"query"}).hit());
  ASSERT_TRUE(world().WaitUntilIndexed(1));
  EXPECT_THAT(TextsOf(Search(R"({"model":"m","query":[1,0]})")), ElementsAre("query"));
}

TEST_F(SearchHandlerTest, KeepsATextFoundThatASearchRenews) {
  EmbedTexts({"north"});
  Search(R"({"model":"m","query":"north"})", {{"cache-control", "no-cache"}});
  EXPECT_EQ(upstream().call_count(), 2U);
  Restart();  // what is found then is what the store says
  world().indexer().Start();
  ASSERT_TRUE(world().WaitUntilIndexed(1));
  EXPECT_THAT(TextsOf(Search(R"({"model":"m","query":[0,1]})")), ElementsAre("north"));
}

TEST_F(SearchHandlerTest, LimitsTheAnswerByKAndByScore) {
  EmbedTexts({"north", "west", "northeast", "east"});
  ASSERT_TRUE(world().WaitUntilIndexed(4));
  EXPECT_THAT(TextsOf(Search(R"({"model":"m","query":[1,0],"top_k":1})")), ElementsAre("east"));
  EXPECT_THAT(TextsOf(Search(R"({"model":"m","query":[1,0],"min_score":0.5})")),
              ElementsAre("east", "northeast"));
  EXPECT_THAT(TextsOf(Search(R"({"model":"m","query":[1,0],"min_score":1.5})")), IsEmpty());
  EXPECT_EQ(TextsOf(Search(R"({"model":"m","query":[1,0],"min_score":-1})")).size(), 4U);
}

TEST_F(SearchHandlerTest, SaysWhetherEveryVectorWasConsidered) {
  EmbedTexts({"north", "east"});
  ASSERT_TRUE(world().WaitUntilIndexed(2));
  const Answer answer = Search(R"({"model":"m","query":[0,5],"exact":true})");
  EXPECT_THAT(TextsOf(answer), ElementsAre("north", "east"));
  EXPECT_THAT(answer.body, HasSubstr("\"exact\":true"));
}

TEST_F(SearchHandlerTest, ReturnsVectorsWhenAsked) {
  EmbedTexts({"far east"});
  ASSERT_TRUE(world().WaitUntilIndexed(1));
  EXPECT_THAT(Search(R"({"model":"m","query":[1,0],"return_vectors":true})").body,
              HasSubstr("\"values\":[2,0]"));  // as embedded, not normalised
}

TEST_F(SearchHandlerTest, KeepsPartitionsNamespacesModelsAndDimensionsApart) {
  EmbedTexts({"north"});
  EmbedTexts({"east"}, {{"Authorization", "Bearer key-b"}});
  EmbedTexts({"west"}, {{"Authorization", "Bearer key-a"}, {"x-larder-namespace", "n"}});
  EmbedTexts({"south"}, {}, "other");
  ASSERT_TRUE(world().WaitUntilIndexed(4));
  constexpr const char* kQuery = R"({"model":"m","query":[1,1]})";
  EXPECT_THAT(TextsOf(Search(kQuery)), ElementsAre("north"));
  EXPECT_THAT(TextsOf(Search(kQuery, {{"Authorization", "Bearer key-b"}})), ElementsAre("east"));
  EXPECT_THAT(TextsOf(Search(kQuery, {{"x-larder-namespace", "n"}})), ElementsAre("west"));
  EXPECT_THAT(TextsOf(Search(R"({"model":"other","query":[1,1]})")), ElementsAre("south"));
  EXPECT_THAT(TextsOf(Search(R"({"model":"m","query":[1,1,1]})")), IsEmpty());
  EXPECT_THAT(TextsOf(Search(kQuery, {{"Authorization", "Bearer key-c"}})), IsEmpty());
}

TEST_F(SearchHandlerTest, ShareAllSearchesWhatAllHaveEmbedded) {
  ProxyWorldOptions options;
  options.embeddings.share_all = true;
  Restart(options);
  world().indexer().Start();
  EmbedTexts({"north"});
  EmbedTexts({"east"}, {{"Authorization", "Bearer key-b"}});
  ASSERT_TRUE(world().WaitUntilIndexed(2));
  EXPECT_THAT(TextsOf(Search(R"({"model":"m","query":[1,1]})")),
              UnorderedElementsAre("north", "east"));
}

TEST_F(SearchHandlerTest, DoesNotFindTokens) {
  Embed(R"({"model":"m","input":[[1,2],[3]]})");
  EmbedTexts({"north"});
  ASSERT_TRUE(world().WaitUntilIndexed(1));
  EXPECT_THAT(TextsOf(Search(R"({"model":"m","query":[1,1]})")), ElementsAre("north"));
}

TEST_F(SearchHandlerTest, ExpiredTextsVanishAndMakeRoomForTheNextNearest) {
  // Far more expired ones, all nearer, than are asked for.
  for (int i = 0; i < 50; ++i) {
    EmbedTexts({"old " + std::to_string(i)}, {{"cf-aig-cache-ttl", "60"}});
  }
  EmbedTexts({"west"});
  ASSERT_TRUE(world().WaitUntilIndexed(51));
  clock_.Advance(seconds(60));
  EXPECT_THAT(TextsOf(Search(R"({"model":"m","query":[1,1],"top_k":2})")), ElementsAre("west"));
  EXPECT_EQ(world().spaces().size(), 1U);  // the others are forgotten
  clock_.Advance(hours(24 * 30));
  EXPECT_THAT(TextsOf(Search(R"({"model":"m","query":[1,1]})")), IsEmpty());
}

TEST_F(SearchHandlerTest, ExpiredTextsVanishAlsoBelowALeastScore) {
  EmbedTexts({"old"}, {{"cf-aig-cache-ttl", "60"}});
  EmbedTexts({"northeast"});
  ASSERT_TRUE(world().WaitUntilIndexed(2));
  clock_.Advance(seconds(60));
  EXPECT_THAT(TextsOf(Search(R"({"model":"m","query":[1,1],"top_k":1,"min_score":0.5})")),
              ElementsAre("northeast"));
}

TEST_F(SearchHandlerTest, PassesUpstreamsRefusalToEmbedTheQuery) {
  upstream().Reply({.status = 401, .body = R"({"error":{"message":"bad key"}})"});
  const Answer answer = Search(R"({"model":"m","query":"query"})");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.body, R"({"error":{"message":"bad key"}})");
}

TEST_F(SearchHandlerTest, OnlyIfCachedNeverEmbedsAQuery) {
  EXPECT_EQ(
      Search(R"({"model":"m","query":"query"})", {{"cache-control", "only-if-cached"}}).status,
      504);
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(SearchHandlerTest, SaysWhenTheStoreCouldNotBeRead) {
  EmbedTexts({"north"});
  ASSERT_TRUE(world().WaitUntilIndexed(1));
  world().store().FailReads(true);
  const Answer answer = Search(R"({"model":"m","query":[1,1]})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.cache_status(), HasSubstr("store-failed"));
  world().store().FailReads(false);
  EXPECT_THAT(TextsOf(Search(R"({"model":"m","query":[1,1]})")), ElementsAre("north"));
}

TEST_F(SearchHandlerTest, RefusesAWrongFieldByName) {
  const struct {
    const char* name;
    const char* body;
    int status;
    const char* param;
  } kCases[] = {
      {"no JSON", "{", 400, ""},
      {"no object", "[]", 400, ""},
      {"no model", R"({"query":"a"})", 400, "model"},
      {"a numeric model", R"({"model":1,"query":"a"})", 400, "model"},
      {"no query", R"({"model":"m"})", 400, "query"},
      {"an empty query", R"({"model":"m","query":""})", 400, "query"},
      {"an object", R"({"model":"m","query":{}})", 400, "query"},
      {"an empty vector", R"({"model":"m","query":[]})", 400, "query"},
      {"a zero vector", R"({"model":"m","query":[0,0.0]})", 400, "query"},
      {"a text in a vector", R"({"model":"m","query":[1,"2"]})", 400, "query[1]"},
      {"beyond float32", R"({"model":"m","query":[1e39]})", 400, "query[0]"},
      {"k of 0", R"({"model":"m","query":"a","top_k":0})", 400, "top_k"},
      {"k of 1001", R"({"model":"m","query":"a","top_k":1001})", 400, "top_k"},
      {"a broken k", R"({"model":"m","query":"a","top_k":1.5})", 400, "top_k"},
      {"a textual k", R"({"model":"m","query":"a","top_k":"5"})", 400, "top_k"},
      {"ef of 0", R"({"model":"m","query":"a","ef_search":0})", 400, "ef_search"},
      {"a textual score", R"({"model":"m","query":"a","min_score":"1"})", 400, "min_score"},
      {"a numeric flag", R"({"model":"m","query":"a","return_vectors":1})", 400, "return_vectors"},
      {"dimensions of 0", R"({"model":"m","query":"a","dimensions":0})", 400, "dimensions"},
      {"an unknown field", R"({"model":"m","query":"a","topk":5})", 400, "topk"},
      {"a doubled field", R"({"model":"m","query":"a","query":"b"})", 400, "query"},
      {"a collection that is none", R"({"model":"m","query":"a","collection":"c"})", 404,
       "collection"},
      {"a filter without a collection", R"({"model":"m","query":"a","filter":{}})", 400, "filter"},
      {"a textual exactness", R"({"model":"m","query":"a","exact":"yes"})", 400, "exact"},
  };
  for (const auto& c : kCases) {
    const Answer answer = Search(c.body);
    EXPECT_EQ(answer.status, c.status) << c.name;
    EXPECT_EQ(StringIn(answer.body, "error.param").value_or(""), c.param) << c.name;
  }
  EXPECT_EQ(upstream().call_count(), 0U);
}

}  // namespace
}  // namespace larder
