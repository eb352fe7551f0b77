// POST /v1/vector_stores/{store}/search: a collection in OpenAI's shape, or upstream's own store.
#include <gmock/gmock.h>

#include "tests/support/collection_fixture.h"

namespace larder {
namespace {

using std::string;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class VectorStoreHandlerTest : public CollectionTest {
 protected:
  void MakeNotes(const string& metric = "cosine") {
    Make("notes", R"({"dimensions":2,"model":"m","metric":")" + metric + "\"}");
    Fill("notes", R"([
      {"id":"a","values":[1,0],"text":"A","metadata":{"filename":"a.md","n":1}},
      {"id":"b","values":[1,1],"text":"B","metadata":{"n":2}},
      {"id":"c","values":[0,1],"text":"C"}])");
  }
  Answer Search(string body, const string& store = "notes") {
    return Post("/v1/vector_stores/" + store + "/search", std::move(body));
  }
  std::vector<string> Found(string body) {
    return Each(Search(std::move(body)), "data", "file_id");
  }
};

TEST_F(VectorStoreHandlerTest, AnswersInOpenAisShape) {
  MakeNotes();
  const Answer answer = Search(R"({"query":"1,0","max_num_results":2,"rewrite_query":true})");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            R"({"object":"vector_store.search_results.page","search_query":["1,0"],"data":[)"
            R"({"file_id":"a","filename":"a.md","score":1,"attributes":{"filename":"a.md","n":1},)"
            R"("content":[{"type":"text","text":"A"}]},)"
            R"({"file_id":"b","filename":"b","score":)" +
                Each(answer, "data", "score")[1] +
                R"(,"attributes":{"n":2},"content":[{"type":"text","text":"B"}]}],)"
                R"("has_more":false,"next_page":null})");
  EXPECT_EQ(world().records().back().route, "vector_store_search");
}

TEST_F(VectorStoreHandlerTest, SharesTheEmbeddingsOfOtherRequests) {
  MakeNotes();
  Embed(R"({"model":"m","input":"1,0"})");
  const Answer answer = Post("/v1/vector_stores/notes/search", R"({"query":"1,0"})",
                             {{"openai-beta", "assistants=v2"}});
  EXPECT_TRUE(answer.hit());
  EXPECT_EQ(upstream().call_count(), 1U);
}

TEST_F(VectorStoreHandlerTest, FiltersByAttributes) {
  MakeNotes();
  EXPECT_THAT(Found(R"({"query":"1,0","filters":{"type":"gte","key":"n","value":2}})"),
              ElementsAre("b"));
  EXPECT_THAT(Found(R"({"query":"1,0","filters":{"type":"or","filters":[
                        {"type":"eq","key":"n","value":2},{"type":"eq","key":"n","value":1}]}})"),
              ElementsAre("a", "b"));
}

TEST_F(VectorStoreHandlerTest, OfSeveralQueriesEachPointHasItsBestScore) {
  MakeNotes();
  const Answer answer = Search(R"({"query":["1,0","0,1"]})");
  EXPECT_THAT(Each(answer, "search_query", ""), ElementsAre("1,0", "0,1"));
  EXPECT_THAT(Each(answer, "data", "file_id"), ElementsAre("a", "c", "b"));
  EXPECT_EQ(Each(answer, "data", "score")[1], "1");
}

TEST_F(VectorStoreHandlerTest, LeavesOutWhatIsBelowTheThreshold) {
  MakeNotes();
  EXPECT_THAT(Found(R"({"query":"1,0","ranking_options":{"score_threshold":0.9,"ranker":"auto"}})"),
              ElementsAre("a"));
  EXPECT_THAT(Found(R"({"query":"1,0","ranking_options":{"score_threshold":0}})"),
              ElementsAre("a", "b", "c"));
}

TEST_F(VectorStoreHandlerTest, NearerIsHigherAlsoWhereTheMetricIsADistance) {
  MakeNotes("euclidean");
  const Answer answer = Search(R"({"query":"1,0","ranking_options":{"score_threshold":0.5}})");
  EXPECT_THAT(Each(answer, "data", "file_id"), ElementsAre("a", "b"));
  EXPECT_THAT(Each(answer, "data", "score"), ElementsAre("1", "0.5"));
}

TEST_F(VectorStoreHandlerTest, AStoreThatIsNoCollectionIsUpstreams) {
  MakeNotes();
  upstream().Reply({.status = 404, .body = R"({"error":{"message":"no such store"}})"});
  const Answer answer = Search(R"({ "query": "1,0" })", "vs_123");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, R"({"error":{"message":"no such store"}})");
  ASSERT_EQ(upstream().call_count(), 1U);
  const FakeCall call = upstream().calls()[0];
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.path_and_query, "/vector_stores/vs_123/search");
  EXPECT_EQ(call.body, R"({ "query": "1,0" })");
}

TEST_F(VectorStoreHandlerTest, ACollectionOfSomebodyElseIsUpstreams) {
  MakeNotes();
  upstream().Reply({.status = 404, .body = "{}"});
  EXPECT_EQ(Post("/v1/vector_stores/notes/search", R"({"query":"1,0"})",
                 {{"authorization", "Bearer key-b"}})
                .status,
            404);
  EXPECT_EQ(upstream().call_count(), 1U);
}

TEST_F(VectorStoreHandlerTest, NeedsACollectionWithAModel) {
  Make("notes", R"({"dimensions":2})");
  const Answer answer = Search(R"({"query":"1,0"})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("has no model"));
}

TEST_F(VectorStoreHandlerTest, RefusesAWrongFieldByName) {
  MakeNotes();
  const struct {
    const char* body;
    const char* param;
  } kCases[] = {
      {"[]", ""},
      {"{}", "query"},
      {R"({"query":""})", "query"},
      {R"({"query":[]})", "query"},
      {R"({"query":["a",""]})", "query"},
      {R"({"query":[1,0]})", "query"},
      {R"({"query":"a","max_num_results":0})", "max_num_results"},
      {R"({"query":"a","max_num_results":51})", "max_num_results"},
      {R"({"query":"a","filters":{"type":"eq","key":"n"}})", "filters.value"},
      {R"({"query":"a","filters":{"n":1}})", "filters.type"},
      {R"({"query":"a","ranking_options":1})", "ranking_options"},
      {R"({"query":"a","ranking_options":{"score_threshold":"x"}})", "score_threshold"},
      {R"({"query":"a","rewrite_query":1})", "rewrite_query"},
      {R"({"query":"a","top_k":1})", "top_k"},
  };
  for (const auto& c : kCases) {
    const Answer answer = Search(c.body);
    EXPECT_EQ(answer.status, 400) << c.body;
    EXPECT_EQ(StringIn(answer.body, "error.param").value_or(""), c.param) << c.body;
  }
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(VectorStoreHandlerTest, AnEmptyCollectionHasNoResults) {
  Make("notes", R"({"dimensions":2,"model":"m"})");
  EXPECT_THAT(Found(R"({"query":"1,0"})"), IsEmpty());
}

}  // namespace
}  // namespace larder
