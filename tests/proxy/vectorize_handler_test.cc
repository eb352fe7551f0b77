// Cloudflare Vectorize's API over collections.
#include <gmock/gmock.h>

#include "proxy/search/vectorize_reply.h"
#include "tests/support/collection_fixture.h"

namespace larder {
namespace {

using std::string;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

constexpr const char* kIndexes = "/client/v4/accounts/0123abcd/vectorize/v2/indexes";
constexpr const char* kMutation = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

class VectorizeHandlerTest : public CollectionTest {
 protected:
  Answer Call(const string& method, const string& path, string body = {}, Headers headers = {}) {
    return Ask(method, kIndexes + path, std::move(body), std::move(headers));
  }
  void MakeIndex(const string& metric = "cosine") {
    const Answer made =
        Call("POST", "", R"({"name":"ix","config":{"dimensions":2,"metric":")" + metric + "\"}}");
    EXPECT_EQ(made.status, 200) << made.body;
  }
  void FillIndex() {
    const Answer filled =
        Call("POST", "/ix/upsert",
             R"({"id":"a","values":[1,0],"metadata":{"n":1,"in":{"x":"y","z":2}}})"
             "\n"
             R"({"id":"b","values":[1,1],"metadata":{"n":2},"namespace":"ns"})"
             "\n"
             R"({"id":"c","values":[0,1]})",
             {{"content-type", "application/x-ndjson"}});
    EXPECT_EQ(filled.status, 200) << filled.body;
  }
  Answer Query(string body) { return Call("POST", "/ix/query", std::move(body)); }
};

TEST_F(VectorizeHandlerTest, MakesListsShowsAndDropsIndexes) {
  const Answer made =
      Call("POST", "",
           R"({"name":"ix","description":"d","config":{"dimensions":3,"metric":"dot-product"}})");
  EXPECT_EQ(made.status, 200);
  EXPECT_THAT(made.body, HasSubstr(R"("success":true,"errors":[],"messages":[])"));
  EXPECT_EQ(StringIn(made.body, "result.name"), "ix");
  EXPECT_EQ(StringIn(made.body, "result.description"), "d");
  EXPECT_EQ(NumberIn(made.body, "result.config.dimensions"), 3);
  EXPECT_EQ(StringIn(made.body, "result.config.metric"), "dot-product");
  EXPECT_THAT(StringIn(made.body, "result.created_on").value_or(""),
              MatchesRegex("[0-9-]{10}T[0-9:]{8}.[0-9]{3}Z"));
  EXPECT_EQ(Call("GET", "/ix").body, made.body);
  EXPECT_THAT(Each(Call("GET", ""), "result", "name"), ElementsAre("ix"));
  EXPECT_EQ(Call("DELETE", "/ix").body,
            R"({"success":true,"errors":[],"messages":[],"result":null})");
  EXPECT_THAT(Each(Call("GET", ""), "result", "name"), IsEmpty());
}

TEST_F(VectorizeHandlerTest, KnowsCloudflaresPresets) {
  const Answer made =
      Call("POST", "", R"({"name":"ix","config":{"preset":"@cf/baai/bge-base-en-v1.5"}})");
  EXPECT_EQ(NumberIn(made.body, "result.config.dimensions"), 768);
  EXPECT_EQ(StringIn(made.body, "result.config.metric"), "cosine");
}

TEST_F(VectorizeHandlerTest, TellsAnAbsentAndADoubledIndexByCloudflaresCodes) {
  const Answer none = Call("GET", "/ix");
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(Each(none, "errors", "code"), std::vector<string>{"3000"});
  EXPECT_THAT(none.body, HasSubstr("vectorize.index.not_found"));
  EXPECT_THAT(none.body, HasSubstr(R"("success":false)"));
  MakeIndex();
  const Answer twice =
      Call("POST", "", R"({"name":"ix","config":{"dimensions":2,"metric":"cosine"}})");
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(Each(twice, "errors", "code"), std::vector<string>{"3002"});
}

TEST_F(VectorizeHandlerTest, AnIndexIsACollectionWhicheverShapeMadeIt) {
  MakeIndex();
  FillIndex();
  EXPECT_EQ(NumberIn(Get("/v1/collections/ix").body, "points"), 3);
  EXPECT_THAT(
      Each(Post("/v1/search", R"({"collection":"ix","query":[1,0],"top_k":1})"), "data", "id"),
      ElementsAre("a"));
  Make("own", R"({"dimensions":2})");
  EXPECT_EQ(Call("GET", "/own/info").status, 200);
}

TEST_F(VectorizeHandlerTest, WritesAreCountedByMutations) {
  MakeIndex();
  const Answer first = Call("POST", "/ix/insert", R"({"vectors":[{"id":"a","values":[1,0]}]})");
  const string one = StringIn(first.body, "result.mutationId").value_or("");
  EXPECT_THAT(one, MatchesRegex(kMutation));
  const Answer second = Call("POST", "/ix/delete_by_ids", R"({"ids":["a"]})");
  const string two = StringIn(second.body, "result.mutationId").value_or("");
  EXPECT_GT(two, one);
  const Answer info = Call("GET", "/ix/info");
  EXPECT_EQ(StringIn(info.body, "result.processedUpToMutation"), two);
  EXPECT_EQ(NumberIn(info.body, "result.vectorCount"), 0);
  EXPECT_EQ(NumberIn(info.body, "result.dimensions"), 2);
  EXPECT_TRUE(StringIn(info.body, "result.processedUpToDatetime").has_value());
}

TEST_F(VectorizeHandlerTest, InsertKeepsWhatIsThereAndUpsertReplacesIt) {
  MakeIndex();
  Call("POST", "/ix/insert", R"([{"id":"a","values":[1,0]}])");
  Call("POST", "/ix/insert", R"([{"id":"a","values":[0,1]}])");
  EXPECT_THAT(Each(Call("POST", "/ix/get_by_ids", R"({"ids":["a"]})"), "result", "values"),
              ElementsAre("[1,0]"));
  Call("POST", "/ix/upsert", R"([{"id":"a","values":[0,1]}])");
  EXPECT_THAT(Each(Call("POST", "/ix/get_by_ids", R"({"ids":["a"]})"), "result", "values"),
              ElementsAre("[0,1]"));
}

TEST_F(VectorizeHandlerTest, TakesWranglersForm) {
  MakeIndex();
  const Answer filled = Call(
      "POST", "/ix/insert",
      "--X\r\nContent-Disposition: form-data; name=\"vectors\"; filename=\"vectors.ndjson\"\r\n"
      "Content-Type: application/x-ndjson\r\n\r\n"
      "{\"id\":\"a\",\"values\":[1,0]}\n{\"id\":\"b\",\"values\":[0,1]}\r\n--X--\r\n",
      {{"content-type", "multipart/form-data; boundary=X"}});
  EXPECT_EQ(filled.status, 200) << filled.body;
  EXPECT_EQ(NumberIn(Call("GET", "/ix/info").body, "result.vectorCount"), 2);
}

TEST_F(VectorizeHandlerTest, DiscardsUnparsableLinesWhenAsked) {
  MakeIndex();
  const Headers lines = {{"content-type", "application/x-ndjson"}};
  const string body = "{\"id\":\"a\",\"values\":[1,0]}\nnonsense\n";
  const Answer refused = Call("POST", "/ix/insert", body, lines);
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("line 2: is not valid JSON"));
  EXPECT_EQ(Call("POST", "/ix/insert?unparsable-behavior=discard", body, lines).status, 200);
  EXPECT_EQ(NumberIn(Call("GET", "/ix/info").body, "result.vectorCount"), 1);
}

TEST_F(VectorizeHandlerTest, QueriesByVectorOrById) {
  MakeIndex();
  FillIndex();
  const Answer answer = Query(R"({"vector":[1,0]})");
  EXPECT_EQ(NumberIn(answer.body, "result.count"), 3);
  EXPECT_THAT(Each(answer, "result.matches", "id"), ElementsAre("a", "b", "c"));
  EXPECT_EQ(Each(answer, "result.matches", "score")[0], "1");
  EXPECT_THAT(Each(answer, "result.matches", "metadata"),
              ElementsAre("absent", "absent", "absent"));
  EXPECT_THAT(Each(answer, "result.matches", "values"), ElementsAre("absent", "absent", "absent"));
  EXPECT_THAT(Each(Query(R"({"vectorId":"c","topK":1})"), "result.matches", "id"),
              ElementsAre("c"));
  EXPECT_EQ(Query(R"({"vectorId":"nobody"})").status, 400);
}

TEST_F(VectorizeHandlerTest, ReturnsFiveMatchesUnlessTold) {
  MakeIndex();
  string lines;
  for (int i = 0; i < 60; ++i) lines += R"({"id":")" + std::to_string(i) + "\",\"values\":[1,1]}\n";
  Call("POST", "/ix/insert", lines, {{"content-type", "application/x-ndjson"}});
  EXPECT_EQ(NumberIn(Query(R"({"vector":[1,0]})").body, "result.count"), 5);
  EXPECT_EQ(NumberIn(Query(R"({"vector":[1,0],"topK":100})").body, "result.count"), 60);
  EXPECT_EQ(Query(R"({"vector":[1,0],"topK":101})").status, 400);
  for (const char* whole : {R"("returnValues":true)", R"("returnMetadata":"all")"}) {
    const string query = string(R"({"vector":[1,0],)") + whole + ",\"topK\":";
    EXPECT_EQ(NumberIn(Query(query + "50}").body, "result.count"), 50);
    EXPECT_EQ(Query(query + "51}").status, 400);
  }
}

TEST_F(VectorizeHandlerTest, FiltersByMetadataAndNamespace) {
  MakeIndex();
  FillIndex();
  const auto found = [&](const string& members) {
    return Each(Query(R"({"vector":[1,0],)" + members + "}"), "result.matches", "id");
  };
  EXPECT_THAT(found(R"("filter":{"n":{"$lte":1}})"), ElementsAre("a"));
  EXPECT_THAT(found(R"("filter":{"in.x":"y"})"), ElementsAre("a"));
  EXPECT_THAT(found(R"("filter":{"n":{"$ne":1}})"), ElementsAre("b", "c"));
  EXPECT_THAT(found(R"("namespace":"ns")"), ElementsAre("b"));
  EXPECT_THAT(found(R"("namespace":"ns","filter":{"n":1})"), IsEmpty());
}

TEST_F(VectorizeHandlerTest, ShowsAsMuchMetadataAsAsked) {
  MakeIndex();
  FillIndex();
  const auto shown = [&](const string& how) {
    return Each(Query(R"({"vector":[1,0],"topK":2,"returnMetadata":)" + how + "}"),
                "result.matches", "metadata");
  };
  EXPECT_THAT(shown("\"none\""), ElementsAre("absent", "absent"));
  EXPECT_THAT(shown("\"all\""), ElementsAre(R"({"n":1,"in":{"x":"y","z":2}})", R"({"n":2})"));
  EXPECT_THAT(shown("true"), ElementsAre(R"({"n":1,"in":{"x":"y","z":2}})", R"({"n":2})"));
  EXPECT_THAT(shown("\"indexed\""), ElementsAre("{}", "{}"));
  Call("POST", "/ix/metadata_index/create", R"({"propertyName":"in.x","indexType":"string"})");
  EXPECT_THAT(shown("\"indexed\""), ElementsAre(R"({"in":{"x":"y"}})", "{}"));
  Call("POST", "/ix/metadata_index/create", R"({"propertyName":"n","indexType":"number"})");
  EXPECT_THAT(shown("\"indexed\""), ElementsAre(R"({"n":1,"in":{"x":"y"}})", R"({"n":2})"));
}

TEST_F(VectorizeHandlerTest, ReturnsValuesAndNamespaces) {
  MakeIndex("euclidean");
  FillIndex();
  const Answer answer = Query(R"({"vector":[1,1],"topK":1,"returnValues":true})");
  EXPECT_THAT(Each(answer, "result.matches", "values"), ElementsAre("[1,1]"));
  EXPECT_THAT(Each(answer, "result.matches", "namespace"), ElementsAre("ns"));
  EXPECT_THAT(Each(answer, "result.matches", "score"), ElementsAre("0"));
}

TEST_F(VectorizeHandlerTest, GetsVectorsByTheirIds) {
  MakeIndex();
  FillIndex();
  const Answer read = Call("POST", "/ix/get_by_ids", R"({"ids":["b","nobody","c"]})");
  EXPECT_THAT(Each(read, "result", "id"), ElementsAre("b", "c"));
  EXPECT_THAT(Each(read, "result", "values"), ElementsAre("[1,1]", "[0,1]"));
  EXPECT_THAT(Each(read, "result", "namespace"), ElementsAre("ns", "absent"));
  EXPECT_THAT(Each(read, "result", "metadata"), ElementsAre(R"({"n":2})", "absent"));
}

TEST_F(VectorizeHandlerTest, ListsVectorsByCursor) {
  MakeIndex();
  FillIndex();
  const Answer first = Call("GET", "/ix/list?count=2");
  EXPECT_THAT(Each(first, "result.vectors", "id"), ElementsAre("a", "b"));
  EXPECT_EQ(NumberIn(first.body, "result.count"), 2);
  EXPECT_EQ(NumberIn(first.body, "result.totalCount"), 3);
  EXPECT_THAT(first.body, HasSubstr("\"isTruncated\":true"));
  const string cursor = StringIn(first.body, "result.nextCursor").value_or("");
  const Answer rest = Call("GET", "/ix/list?count=2&cursor=" + cursor);
  EXPECT_THAT(Each(rest, "result.vectors", "id"), ElementsAre("c"));
  EXPECT_THAT(rest.body, HasSubstr("\"isTruncated\":false,\"nextCursor\":null"));
}

TEST_F(VectorizeHandlerTest, KeepsMetadataIndexes) {
  MakeIndex();
  const Answer made =
      Call("POST", "/ix/metadata_index/create", R"({"propertyName":"n","indexType":"number"})");
  EXPECT_THAT(StringIn(made.body, "result.mutationId").value_or(""), MatchesRegex(kMutation));
  const Answer list = Call("GET", "/ix/metadata_index/list");
  EXPECT_THAT(Each(list, "result.metadataIndexes", "propertyName"), ElementsAre("n"));
  EXPECT_THAT(Each(list, "result.metadataIndexes", "indexType"), ElementsAre("number"));
  EXPECT_EQ(Call("POST", "/ix/metadata_index/delete", R"({"propertyName":"n"})").status, 200);
  EXPECT_EQ(Call("POST", "/ix/metadata_index/delete", R"({"propertyName":"n"})").status, 400);
  EXPECT_THAT(Each(Call("GET", "/ix/metadata_index/list"), "result.metadataIndexes", ""),
              IsEmpty());
  for (int i = 0; i < 11; ++i) {
    const string body = R"({"propertyName":"p)" + std::to_string(i) + R"(","indexType":"string"})";
    EXPECT_EQ(Call("POST", "/ix/metadata_index/create", body).status, i < 10 ? 200 : 400);
  }
}

TEST_F(VectorizeHandlerTest, RefusesInCloudflaresShapeByName) {
  MakeIndex();
  const string id(65, 'i');
  const string filter = R"({"a":")" + string(2048, 'x') + "\"}";
  const struct {
    const char* path;
    string body;
    const char* message;
  } kCases[] = {
      {"", "{", "not valid JSON"},
      {"", R"({"config":{"dimensions":2,"metric":"cosine"}})", "name must"},
      {"", R"({"name":"n"})", "config must"},
      {"", R"({"name":"n","config":{"metric":"cosine"}})", "dimensions must be given"},
      {"", R"({"name":"n","config":{"dimensions":2}})", "metric must"},
      {"", R"({"name":"n","config":{"preset":"x"}})", "no such preset"},
      {"/ix/insert", R"([{"id":"a","values":[1]}])", "vectors[0]"},
      {"/ix/insert", R"({"vectors":[{"id":"a","values":[1]}]})", "vectors[0]: values must have 2"},
      {"/ix/upsert", R"([{"id":"a","values":[0,0]}])", "must not be all zero"},
      {"/ix/upsert", R"([{"id":")" + id + R"(","values":[1,0]}])", "1 to 64 bytes"},
      {"/ix/upsert", R"([{"id":"a","values":[1,0],"namespace":")" + id + "\"}]",
       "at most 64 bytes"},
      {"/ix/query", "{}", "vector must be given"},
      {"/ix/query", R"({"vector":[1]})", "vector must have 2 numbers, has 1"},
      {"/ix/query", R"({"vector":[0,0]})", "must not be all zero"},
      {"/ix/query", R"({"vector":[1,0],"topK":0})", "topK must be"},
      {"/ix/query", R"({"vector":[1,0],"returnMetadata":"some"})", "returnMetadata must be"},
      {"/ix/query", R"({"vector":[1,0],"filter":{}})", "filter must not be empty"},
      {"/ix/query", R"({"vector":[1,0],"filter":{"a":{"$x":1}}})", "filter.a.$x"},
      {"/ix/query", R"({"vector":[1,0],"filter":)" + filter + "}", "at most 2047 bytes"},
      {"/ix/get_by_ids", "{}", "ids must be"},
      {"/ix/delete_by_ids", R"({"ids":[]})", "ids must be"},
      {"/ix/metadata_index/create", R"({"indexType":"number"})", "propertyName must"},
      {"/ix/metadata_index/create", R"({"propertyName":"n","indexType":"list"})", "indexType must"},
  };
  for (const auto& c : kCases) {
    const Answer answer = Call("POST", c.path, c.body);
    EXPECT_EQ(answer.status, 400) << c.path << " " << c.body.substr(0, 80);
    EXPECT_THAT(answer.body, HasSubstr(R"({"success":false,"errors":[{"code":40026)"));
    const auto messages = Each(answer, "errors", "message");
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_THAT(messages[0], HasSubstr(c.message)) << c.path << " " << c.body.substr(0, 80);
  }
}

TEST_F(VectorizeHandlerTest, RefusesOtherMethodsPathsAndTooManyVectors) {
  MakeIndex();
  EXPECT_EQ(Call("PUT", "").Field("allow"), "GET, POST");
  EXPECT_EQ(Call("PUT", "/ix").Field("allow"), "GET, DELETE");
  EXPECT_EQ(Call("GET", "/ix/query").Field("allow"), "POST");
  EXPECT_EQ(Call("POST", "/ix/list", "{}").Field("allow"), "GET");
  EXPECT_EQ(Call("POST", "/ix/info", "{}").status, 405);
  EXPECT_EQ(Call("POST", "/ix/other", "{}").status, 404);
  EXPECT_THAT(Call("POST", "/ix/other", "{}").body, HasSubstr("7003"));
  EXPECT_EQ(Call("GET", "/ix/metadata_index/other").status, 404);
  string lines;
  for (int i = 0; i <= 5000; ++i) {
    lines += R"({"id":")" + std::to_string(i) + "\",\"values\":[1,1]}\n";
  }
  EXPECT_THAT(Call("POST", "/ix/insert", lines, {{"content-type", "application/x-ndjson"}}).body,
              HasSubstr("at most 5000"));
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(VectorizeHandlerTest, WhatIsRefusedBeforeItIsReadHasTheSameShape) {
  const Answer answer = Call("GET", "", {}, {{"cf-aig-cache-ttl", "1"}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr(R"("success":false)"));
}

TEST_F(VectorizeHandlerTest, AnIndexBelongsToItsCaller) {
  MakeIndex();
  EXPECT_EQ(Call("GET", "/ix", {}, {{"authorization", "Bearer key-b"}}).status, 404);
  EXPECT_EQ(Ask("GET", "/client/v4/accounts/another/vectorize/v2/indexes/ix").status, 200);
}

TEST(VectorizeReplyTest, MutationIdsAreOrderedLikeTheirNumbers) {
  string before;
  for (const std::uint64_t sequence :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0xFFFF'FFFF}, std::uint64_t{1} << 48,
        ~std::uint64_t{0}}) {
    const string id = MutationId(sequence);
    EXPECT_THAT(id, MatchesRegex(kMutation));
    EXPECT_GT(id, before);
    before = id;
  }
}

TEST(VectorizeReplyTest, TimesAreIso8601) {
  EXPECT_EQ(IsoTime(FromUnixMillis(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(IsoTime(FromUnixMillis(1'714'566'600'250)), "2024-05-01T12:30:00.250Z");
}

}  // namespace
}  // namespace larder
