// /v1/collections: made, filled, read, emptied and dropped, by their owner alone.
#include <gmock/gmock.h>

#include "tests/support/collection_fixture.h"

namespace larder {
namespace {

using std::string;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kPlane = R"({"dimensions":2})";

class CollectionHandlerTest : public CollectionTest {};

TEST_F(CollectionHandlerTest, MakesACollectionAndShowsIt) {
  const Answer made = Ask("PUT", "/v1/collections/films",
                          R"({"dimensions":2,"metric":"dot","model":"m","description":"d"})");
  EXPECT_EQ(made.status, 201);
  const Answer shown = Get("/v1/collections/films");
  EXPECT_EQ(shown.status, 200);
  EXPECT_EQ(shown.body, made.body);
  EXPECT_EQ(StringIn(shown.body, "object"), "collection");
  EXPECT_EQ(StringIn(shown.body, "name"), "films");
  EXPECT_EQ(NumberIn(shown.body, "dimensions"), 2);
  EXPECT_EQ(StringIn(shown.body, "metric"), "dot");
  EXPECT_EQ(StringIn(shown.body, "storage"), "int8");
  EXPECT_EQ(StringIn(shown.body, "model"), "m");
  EXPECT_EQ(StringIn(shown.body, "description"), "d");
  EXPECT_EQ(NumberIn(shown.body, "points"), 0);
  EXPECT_EQ(NumberIn(shown.body, "loaded"), 1);
}

TEST_F(CollectionHandlerTest, IsCosineAndWithoutAModelUnlessTold) {
  Make("c", kPlane);
  const Answer shown = Get("/v1/collections/c");
  EXPECT_EQ(StringIn(shown.body, "metric"), "cosine");
  EXPECT_THAT(shown.body, HasSubstr("\"model\":null"));
  Make("e", R"({"dimensions":2,"metric":"euclidean"})");
  EXPECT_EQ(StringIn(Get("/v1/collections/e").body, "storage"), "float32");
}

TEST_F(CollectionHandlerTest, MakingItAgainChangesNothing) {
  Make("c", R"({"dimensions":2,"model":"m"})");
  Fill("c", R"([{"id":"a","values":[1,0]}])");
  const Answer again = Ask("PUT", "/v1/collections/c", R"({"dimensions":2,"model":"m"})");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(NumberIn(again.body, "points"), 1);
  for (const char* other : {R"({"dimensions":3,"model":"m"})", R"({"dimensions":2})",
                            R"({"dimensions":2,"model":"m","metric":"dot"})"}) {
    EXPECT_EQ(Ask("PUT", "/v1/collections/c", other).status, 409) << other;
  }
}

TEST_F(CollectionHandlerTest, ListsCollectionsByNameInPages) {
  for (const char* name : {"b", "a", "c"}) Make(name, kPlane);
  EXPECT_THAT(Each(Get("/v1/collections"), "data", "name"), ElementsAre("a", "b", "c"));
  const Answer first = Get("/v1/collections?limit=2");
  EXPECT_THAT(Each(first, "data", "name"), ElementsAre("a", "b"));
  EXPECT_THAT(first.body, HasSubstr("\"has_more\":true"));
  const Answer second = Get("/v1/collections?limit=2&after=b");
  EXPECT_THAT(Each(second, "data", "name"), ElementsAre("c"));
  EXPECT_THAT(second.body, HasSubstr("\"has_more\":false"));
  EXPECT_THAT(Each(Get("/v1/collections?after=z"), "data", "name"), IsEmpty());
}

TEST_F(CollectionHandlerTest, DropsACollectionWithItsPoints) {
  Make("c", kPlane);
  Fill("c", R"([{"id":"a","values":[1,0]}])");
  EXPECT_EQ(Ask("DELETE", "/v1/collections/c").status, 200);
  EXPECT_EQ(Ask("DELETE", "/v1/collections/c").status, 404);
  EXPECT_EQ(Get("/v1/collections/c").status, 404);
  Make("c", kPlane);
  EXPECT_EQ(NumberIn(Get("/v1/collections/c").body, "points"), 0);
}

TEST_F(CollectionHandlerTest, BelongsToItsPartitionAndNamespace) {
  Make("c", kPlane);
  EXPECT_EQ(Get("/v1/collections/c", {{"authorization", "Bearer key-b"}}).status, 404);
  EXPECT_EQ(Get("/v1/collections/c", {{"x-larder-namespace", "n"}}).status, 404);
  EXPECT_THAT(Each(Get("/v1/collections", {{"authorization", "Bearer key-b"}}), "data", "name"),
              IsEmpty());
}

TEST_F(CollectionHandlerTest, KeepsPointsAsTheyWereGiven) {
  Make("c", kPlane);
  const Answer stored =
      Upsert("c", R"({"points":[{"id":"a","values":[0.1,2],"text":"t","metadata":{"x":{"y":[1]}}},
                         {"id":"b","values":[1,1],"namespace":"n"}]})");
  EXPECT_EQ(stored.status, 200);
  EXPECT_EQ(NumberIn(stored.body, "upserted"), 2);
  const Answer read =
      Post("/v1/collections/c/get", R"({"ids":["b","nobody","a"],"return_vectors":true})");
  EXPECT_EQ(read.status, 200);
  EXPECT_THAT(Each(read, "data", "id"), ElementsAre("b", "a"));
  EXPECT_THAT(Each(read, "data", "values"), ElementsAre("[1,1]", "[0.1,2]"));
  EXPECT_THAT(Each(read, "data", "text"), ElementsAre("", "t"));
  EXPECT_THAT(Each(read, "data", "metadata"), ElementsAre("null", R"({"x":{"y":[1]}})"));
  EXPECT_THAT(Each(read, "data", "namespace"), ElementsAre("n", "absent"));
  EXPECT_THAT(Each(read, "missing", ""), ElementsAre("nobody"));
  EXPECT_THAT(Each(Post("/v1/collections/c/get", R"({"ids":["a"]})"), "data", "values"),
              ElementsAre("absent"));
}

TEST_F(CollectionHandlerTest, TakesLinesAndDiscardsWrongOnesWhenAsked) {
  Make("c", kPlane);
  const Headers lines = {{"content-type", "application/x-ndjson"}};
  const string body = "{\"id\":\"a\",\"values\":[1,0]}\n\n{\"id\":\"b\",\"values\":[1,true]}\n";
  const Answer refused = Upsert("c", body, lines);
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(StringIn(refused.body, "error.message").value_or(""),
              HasSubstr("line 3: values[1] is not a number"));
  EXPECT_EQ(NumberIn(Get("/v1/collections/c").body, "points"), 0);
  const Answer taken = Post("/v1/collections/c/upsert?unparsable-behavior=discard", body, lines);
  EXPECT_EQ(NumberIn(taken.body, "upserted"), 1);
  EXPECT_EQ(NumberIn(taken.body, "discarded"), 1);
  EXPECT_EQ(NumberIn(Get("/v1/collections/c").body, "points"), 1);
}

TEST_F(CollectionHandlerTest, EmbedsTextsThroughTheCache) {
  Make("c", R"({"dimensions":2,"model":"m"})");
  Embed(R"({"model":"m","input":"1,0"})");
  const Answer stored =
      Upsert("c", R"([{"id":"a","text":"1,0"},{"id":"b","text":"0,1"},{"id":"c","values":[1,1]}])");
  EXPECT_EQ(stored.status, 200);
  EXPECT_EQ(NumberIn(stored.body, "usage.total_tokens"), 2);
  EXPECT_THAT(Forwarded(), ElementsAre("\"1,0\"", "\"0,1\""));
  EXPECT_THAT(Each(Post("/v1/collections/c/get", R"({"ids":["a","b"],"return_vectors":true})"),
                   "data", "values"),
              ElementsAre("[1,0]", "[0,1]"));
  EXPECT_TRUE(Upsert("c", R"([{"id":"d","text":"0,1"}])").hit());
}

TEST_F(CollectionHandlerTest, EmbedsMoreTextsThanOneCallTakes) {
  Make("c", R"({"dimensions":2,"model":"m"})");
  string body;
  for (int i = 1; i <= 2100; ++i) {
    const string n = std::to_string(i);
    body += R"({"id":")" + n + R"(","text":")" + n + ",1\"}\n";
  }
  const Answer stored = Upsert("c", body, {{"content-type", "application/x-ndjson"}});
  EXPECT_EQ(NumberIn(stored.body, "upserted"), 2100);
  EXPECT_EQ(NumberIn(stored.body, "usage.total_tokens"), 2100);
  EXPECT_THAT(Each(Post("/v1/collections/c/get", R"({"ids":["2099"],"return_vectors":true})"),
                   "data", "values"),
              ElementsAre("[2099,1]"));
}

TEST_F(CollectionHandlerTest, TellsTheModelItsDimensionsOnlyWhenItGivesOthers) {
  upstream().ComputeAlways([this](const FakeCall& call) -> Result<UpstreamReply> {
    const bool told = call.body.find("\"dimensions\":2") != string::npos;
    string data;
    for (std::size_t i = 0; i < InputsOf(call).size(); ++i) {
      data += string(i > 0 ? "," : "") + R"({"embedding":)" + (told ? "[1,1]}" : "[1,1,1]}");
    }
    return upstream().Make({.body = R"({"model":"m","data":[)" + data + "]}"});
  });
  Make("c", R"({"dimensions":2,"model":"m"})");
  Fill("c", R"([{"id":"a","text":"a"},{"id":"b","text":"b"}])");
  EXPECT_EQ(upstream().call_count(), 2U);
  Fill("c", R"([{"id":"d","text":"d"}])");  // told at once
  EXPECT_EQ(upstream().call_count(), 3U);
  Make("wide", R"({"dimensions":4,"model":"m"})");
  const Answer never = Upsert("wide", R"([{"id":"a","text":"a"}])");
  EXPECT_EQ(never.status, 400);
  EXPECT_THAT(never.body, HasSubstr("gives vectors of 3 dimensions"));
}

TEST_F(CollectionHandlerTest, RefusesTextsWhereThereIsNoModel) {
  Make("c", kPlane);
  const Answer answer = Upsert("c", R"([{"id":"a","text":"t"}])");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("has no model"));
}

TEST_F(CollectionHandlerTest, PassesUpstreamsRefusalAndStoresNothing) {
  Make("c", R"({"dimensions":2,"model":"m"})");
  upstream().Reply({.status = 401, .body = R"({"error":{"message":"bad key"}})"});
  const Answer answer = Upsert("c", R"([{"id":"a","text":"t"},{"id":"b","values":[1,0]}])");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.body, R"({"error":{"message":"bad key"}})");
  EXPECT_EQ(NumberIn(Get("/v1/collections/c").body, "points"), 0);
}

TEST_F(CollectionHandlerTest, DeletesByIdsOrByFilter) {
  Make("c", kPlane);
  Fill("c", R"([{"id":"a","values":[1,0],"metadata":{"n":1}},
                {"id":"b","values":[1,0],"metadata":{"n":2}},
                {"id":"d","values":[1,0],"metadata":{"n":3}}])");
  EXPECT_EQ(NumberIn(Post("/v1/collections/c/delete", R"({"ids":["a","x"]})").body, "deleted"), 1);
  EXPECT_EQ(
      NumberIn(Post("/v1/collections/c/delete", R"({"filter":{"n":{"$gt":2}}})").body, "deleted"),
      1);
  EXPECT_THAT(Each(Get("/v1/collections/c/points"), "data", "id"), ElementsAre("b"));
  const Answer everything = Post("/v1/collections/c/delete", R"({"filter":{}})");
  EXPECT_EQ(everything.status, 400);
  EXPECT_EQ(StringIn(everything.body, "error.param"), "filter");
}

TEST_F(CollectionHandlerTest, ListsIdsInPages) {
  Make("c", kPlane);
  Fill("c", R"([{"id":"b","values":[1,0]},{"id":"a&=","values":[1,0]},{"id":"d","values":[1,0]}])");
  const Answer first = Get("/v1/collections/c/points?limit=1");
  EXPECT_THAT(Each(first, "data", "id"), ElementsAre("a&="));
  EXPECT_EQ(NumberIn(first.body, "total"), 3);
  EXPECT_THAT(first.body, HasSubstr("\"has_more\":true"));
  const Answer rest = Get("/v1/collections/c/points?after=a%26%3D");
  EXPECT_THAT(Each(rest, "data", "id"), ElementsAre("b", "d"));
  EXPECT_THAT(rest.body, HasSubstr("\"has_more\":false"));
}

TEST_F(CollectionHandlerTest, RefusesOtherMethodsAndPathsByName) {
  Make("c", kPlane);
  const struct {
    const char* method;
    const char* path;
    int status;
    const char* allow;
  } kCases[] = {
      {"POST", "/v1/collections", 405, "GET"},
      {"POST", "/v1/collections/c", 405, "GET, PUT, DELETE"},
      {"GET", "/v1/collections/c/upsert", 405, "POST"},
      {"POST", "/v1/collections/c/points", 405, "GET"},
      {"POST", "/v1/collections/c/other", 404, ""},
      {"POST", "/v1/collections/c/get/more", 404, ""},
      {"POST", "/v1/collections/none/upsert", 404, ""},
  };
  for (const auto& c : kCases) {
    const Answer answer = Ask(c.method, c.path, "{}");
    EXPECT_EQ(answer.status, c.status) << c.method << " " << c.path;
    EXPECT_EQ(answer.Field("allow"), c.allow) << c.method << " " << c.path;
  }
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(CollectionHandlerTest, RefusesAWrongFieldByName) {
  Make("c", kPlane);
  const string id(513, 'i');
  const string name(129, 'n');
  const string metadata(10'240, 'x');
  const struct {
    const char* method;
    const char* path;
    string body;
    const char* param;
  } kCases[] = {
      {"PUT", "new", "{", ""},
      {"PUT", "new", "[]", ""},
      {"PUT", "new", "{}", "dimensions"},
      {"PUT", "new", R"({"dimensions":0})", "dimensions"},
      {"PUT", "new", R"({"dimensions":65537})", "dimensions"},
      {"PUT", "new", R"({"dimensions":"2"})", "dimensions"},
      {"PUT", "new", R"({"dimensions":2,"metric":"l2"})", "metric"},
      {"PUT", "new", R"({"dimensions":2,"storage":"int4"})", "storage"},
      {"PUT", "new", R"({"dimensions":2,"model":1})", "model"},
      {"PUT", "new", R"({"dimensions":2,"dimension":2})", "dimension"},
      {"PUT", "a%20b", kPlane, "name"},
      {"PUT", name.c_str(), kPlane, "name"},
      {"POST", "c/upsert", R"([{"id":"a","values":[1]}])", "values"},
      {"POST", "c/upsert", R"([{"id":"a","values":[0,0]}])", "values"},
      {"POST", "c/upsert", R"([{"id":"a","values":[1,1e39]}])", "values[1]"},
      {"POST", "c/upsert", R"([{"id":"a","values":[1,1e999]}])", ""},
      {"POST", "c/upsert", R"([{"id":")" + id + R"(","values":[1,0]}])", "id"},
      {"POST", "c/upsert", R"([{"id":"a","values":[1,0],"metadata":{"x":")" + metadata + "\"}}]",
       "metadata"},
      {"POST", "c/upsert?unparsable-behavior=x", "[]", "unparsable-behavior"},
      {"POST", "c/delete", "{}", "ids"},
      {"POST", "c/delete", R"({"ids":["a"],"filter":{"a":1}})", "ids"},
      {"POST", "c/delete", R"({"ids":[]})", "ids"},
      {"POST", "c/delete", R"({"filter":{"a":{"$x":1}}})", "filter.a.$x"},
      {"POST", "c/get", R"({"ids":[1]})", "ids"},
      {"POST", "c/get", R"({"ids":["a"],"return_vectors":1})", "return_vectors"},
      {"GET", "c/points?limit=0", "", "limit"},
      {"GET", "c/points?limit=1001", "", "limit"},
      {"GET", "c/points?limit=x", "", "limit"},
  };
  for (const auto& c : kCases) {
    const Answer answer = Ask(c.method, string("/v1/collections/") + c.path, c.body);
    EXPECT_EQ(answer.status, 400) << c.path << " " << c.body.substr(0, 80) << answer.body;
    EXPECT_EQ(StringIn(answer.body, "error.param").value_or(""), c.param)
        << c.path << " " << c.body.substr(0, 80);
  }
  EXPECT_EQ(NumberIn(Get("/v1/collections/c").body, "points"), 0);
}

TEST_F(CollectionHandlerTest, AnswersSayThatNothingCameFromTheCache) {
  Make("c", kPlane);
  const Answer answer = Get("/v1/collections/c");
  EXPECT_EQ(answer.cache_status(), "larder; fwd=bypass");
  EXPECT_EQ(answer.Field("cache-control"), "private, no-store");
  EXPECT_EQ(world().records().back().route, "collections");
}

}  // namespace
}  // namespace larder
