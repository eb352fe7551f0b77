// POST /v1/search with a collection.
#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "tests/support/collection_fixture.h"

namespace larder {
namespace {

using std::string;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kCompass = R"([
  {"id":"east","values":[1,0],"text":"E","metadata":{"n":1,"side":"right"},"namespace":"h"},
  {"id":"northeast","values":[1,1],"text":"NE","metadata":{"n":2,"side":"right"}},
  {"id":"north","values":[0,2],"text":"N","metadata":{"n":3}},
  {"id":"west","values":[-1,0],"text":"W","metadata":{"n":4,"side":"left"},"namespace":"h"}])";

class CollectionSearchTest : public CollectionTest {
 protected:
  Answer Search(string members) {
    return Post("/v1/search", R"({"collection":"c",)" + members + "}");
  }
  std::vector<string> Found(string members) {
    return Each(Search(std::move(members)), "data", "id");
  }
};

TEST_F(CollectionSearchTest, FindsTheNearestPointsBestFirst) {
  Make("c", R"({"dimensions":2,"model":"m"})");
  Fill("c", kCompass);
  const Answer answer = Search(R"("query":[1,0],"top_k":3)");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(Each(answer, "data", "id"), ElementsAre("east", "northeast", "north"));
  EXPECT_THAT(Each(answer, "data", "text"), ElementsAre("E", "NE", "N"));
  EXPECT_THAT(Each(answer, "data", "collection"), ElementsAre("c", "c", "c"));
  EXPECT_THAT(Each(answer, "data", "namespace"), ElementsAre("h", "absent", "absent"));
  EXPECT_THAT(Each(answer, "data", "values"), ElementsAre("absent", "absent", "absent"));
  EXPECT_EQ(Each(answer, "data", "metadata")[0], R"({"n":1,"side":"right"})");
  EXPECT_EQ(Each(answer, "data", "score")[0], "1");
  EXPECT_EQ(StringIn(answer.body, "model"), "m");
  EXPECT_EQ(NumberIn(answer.body, "usage.total_tokens"), 0);
  EXPECT_EQ(upstream().call_count(), 0U);
  EXPECT_EQ(world().records().back().route, "search");
}

TEST_F(CollectionSearchTest, EmbedsATextByTheCollectionsModel) {
  Make("c", R"({"dimensions":2,"model":"m"})");
  Fill("c", kCompass);
  EXPECT_THAT(Found(R"("query":"0,1","top_k":1)"), ElementsAre("north"));
  EXPECT_THAT(upstream().calls()[0].body, HasSubstr("\"model\":\"m\""));
  EXPECT_TRUE(Search(R"("query":"0,1","model":"m")").hit());
  const Answer other = Search(R"("query":"0,1","model":"other")");
  EXPECT_EQ(other.status, 400);
  EXPECT_EQ(StringIn(other.body, "error.param"), "model");
}

TEST_F(CollectionSearchTest, WithoutAModelOfItsOwnTheCallersEmbeds) {
  Make("c", R"({"dimensions":2})");
  Fill("c", kCompass);
  EXPECT_THAT(Found(R"("query":"0,1","model":"any","top_k":1)"), ElementsAre("north"));
  const Answer none = Search(R"("query":"0,1")");
  EXPECT_EQ(none.status, 400);
  EXPECT_THAT(none.body, HasSubstr("has no model"));
}

TEST_F(CollectionSearchTest, FiltersBeforeItChooses) {
  Make("c", R"({"dimensions":2})");
  Fill("c", kCompass);
  EXPECT_THAT(Found(R"("query":[1,0],"top_k":1,"filter":{"side":"left"})"), ElementsAre("west"));
  EXPECT_THAT(Found(R"("query":[1,0],"filter":{"n":{"$gte":2,"$lt":4}})"),
              ElementsAre("northeast", "north"));
  EXPECT_THAT(Found(R"("query":[1,0],"filter":{"side":{"$ne":"right"}})"),
              ElementsAre("north", "west"));
  EXPECT_THAT(Found(R"("query":[1,0],"filter":{"n":9})"), IsEmpty());
  EXPECT_THAT(Found(R"("query":[1,0],"namespace":"h")"), ElementsAre("east", "west"));
  EXPECT_THAT(Found(R"("query":[1,0],"namespace":"h","filter":{"n":4})"), ElementsAre("west"));
  EXPECT_EQ(Found(R"("query":[1,0],"filter":{})").size(), 4U);
}

TEST_F(CollectionSearchTest, LimitsByScore) {
  Make("c", R"({"dimensions":2})");
  Fill("c", kCompass);
  EXPECT_THAT(Found(R"("query":[1,0],"min_score":0.5)"), ElementsAre("east", "northeast"));
  const Answer distance = Search(R"("query":[1,0],"max_distance":0.5)");
  EXPECT_EQ(StringIn(distance.body, "error.param"), "max_distance");
}

TEST_F(CollectionSearchTest, TheScoresOfAEuclideanCollectionAreDistances) {
  Make("c", R"({"dimensions":2,"metric":"euclidean"})");
  Fill("c", kCompass);
  const Answer answer = Search(R"("query":[0,3],"top_k":1)");
  EXPECT_THAT(Each(answer, "data", "id"), ElementsAre("north"));
  EXPECT_THAT(Each(answer, "data", "score"), ElementsAre("1"));
  EXPECT_THAT(Found(R"("query":[1,0],"max_distance":1)"), ElementsAre("east", "northeast"));
  EXPECT_THAT(Found(R"("query":[0,0],"max_distance":1.5)"), SizeIs(3));  // allowed here
  const Answer score = Search(R"("query":[1,0],"min_score":0.5)");
  EXPECT_EQ(score.status, 400);
  EXPECT_EQ(StringIn(score.body, "error.param"), "min_score");
  EXPECT_THAT(score.body, HasSubstr("max_distance"));
}

TEST_F(CollectionSearchTest, AnInnerProductIsNotNormalised) {
  Make("c", R"({"dimensions":2,"metric":"dot"})");
  Fill("c", kCompass);
  const Answer answer = Search(R"("query":[1,2],"top_k":2)");
  EXPECT_THAT(Each(answer, "data", "id"), ElementsAre("north", "northeast"));
  EXPECT_THAT(Each(answer, "data", "score"), ElementsAre("4", "3"));
}

TEST_F(CollectionSearchTest, ReturnsVectorsAsTheyWereStored) {
  Make("c", R"({"dimensions":2})");
  Fill("c", kCompass);
  EXPECT_THAT(Each(Search(R"("query":[0,1],"top_k":1,"return_vectors":true)"), "data", "values"),
              ElementsAre("[0,2]"));
}

TEST_F(CollectionSearchTest, RefusesAWrongFieldByName) {
  Make("c", R"({"dimensions":2,"model":"m"})");
  string deep = "1";
  for (int i = 0; i < 20; ++i) deep = R"({"a":)" + deep + "}";
  const struct {
    string members;
    int status;
    const char* param;
  } kCases[] = {
      {R"("query":[1])", 400, "query"},
      {R"("query":[0,0])", 400, "query"},
      {R"("query":[1,1e39])", 400, "query[1]"},
      {R"("query":[])", 400, "query"},
      {R"("query":"")", 400, "query"},
      {R"("query":[1,0],"top_k":0)", 400, "top_k"},
      {R"("query":[1,0],"top_k":1001)", 400, "top_k"},
      {R"("query":[1,0],"ef_search":10001)", 400, "ef_search"},
      {R"("query":[1,0],"exact":1)", 400, "exact"},
      {R"("query":[1,0],"dimensions":2)", 400, "dimensions"},
      {R"("query":[1,0],"filter":[])", 400, "filter"},
      {R"("query":[1,0],"filter":{"price":{"$lt":true}})", 400, "filter.price.$lt"},
      {R"("query":[1,0],"filter":{"price":{"$near":1}})", 400, "filter.price.$near"},
      {R"("query":[1,0],"filter":)" + deep, 400, "filter.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"},
      {R"("query":[1,0],"namespace":1)", 400, "namespace"},
      {R"("query":[1,0],"max_distance":"1")", 400, "max_distance"},
  };
  for (const auto& c : kCases) {
    const Answer answer = Search(c.members);
    EXPECT_EQ(answer.status, c.status) << c.members << answer.body;
    EXPECT_EQ(StringIn(answer.body, "error.param").value_or(""), c.param) << c.members;
  }
  EXPECT_EQ(Post("/v1/search", R"({"collection":"none","query":[1,0]})").status, 404);
}

// Filters that leave one in ten thousand, or everything.
TEST_F(CollectionSearchTest, FindsWhatAComparisonWithEveryPointFinds) {
  constexpr std::size_t kDim = 8;
  constexpr int kPoints = 10'000;
  Make("c", R"({"dimensions":8})");
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> vectors;
  const auto render = [](const std::vector<float>& vector) {
    string list;
    for (const float value : vector) list += (list.empty() ? "" : ",") + std::to_string(value);
    return "[" + list + "]";
  };
  const auto draw = [&] {
    std::vector<float> vector(kDim);
    for (float& value : vector) value = std::stof(std::to_string(normal(random)));
    return vector;
  };
  string body;
  const auto flush = [&] {
    const Answer filled = Upsert("c", body, {{"content-type", "application/x-ndjson"}});
    ASSERT_EQ(filled.status, 200) << filled.body;
    body.clear();
  };
  for (int i = 0; i < kPoints; ++i) {
    if (i == kPoints / 2) flush();
    vectors.push_back(draw());
    const string n = std::to_string(i);
    body += R"({"id":")" + n + R"(","values":)" + render(vectors.back()) + R"(,"metadata":{"n":)" +
            n + R"(,"even":)" + (i % 2 == 0 ? "true" : "false") + R"(,"tags":["t)" +
            std::to_string(i % 100) + R"(","all"]}})" + "\n";
  }
  flush();
  const struct {
    const char* filter;
    bool (*matches)(int);
  } kCases[] = {
      {R"({"n":1234})", [](int n) { return n == 1234; }},
      {R"({"n":{"$in":[5,77,4001,9999,20000]}})",
       [](int n) { return n == 5 || n == 77 || n == 4001 || n == 9999; }},
      {R"({"n":{"$lt":100}})", [](int n) { return n < 100; }},
      {R"({"tags":"t42"})", [](int n) { return n % 100 == 42; }},
      {R"({"n":{"$gte":9000},"even":true})", [](int n) { return n >= 9000 && n % 2 == 0; }},
      {R"({"$or":[{"n":{"$lt":500}},{"tags":{"$in":["t1","t2"]}}]})",
       [](int n) { return n < 500 || n % 100 == 1 || n % 100 == 2; }},
      {R"({"even":{"$ne":true}})", [](int n) { return n % 2 == 1; }},
      {R"({"n":{"$nin":[1,2,3]}})", [](int n) { return n < 1 || n > 3; }},
      {R"({"tags":"all"})", [](int) { return true; }},
      {R"({"nothing":1})", [](int) { return false; }},
  };
  std::size_t wanted = 0;
  std::size_t found = 0;
  for (const auto& c : kCases) {
    const std::vector<float> query = draw();
    std::vector<std::pair<float, int>> expected;
    for (int i = 0; i < kPoints; ++i) {
      if (!c.matches(i)) continue;
      const auto& vector = vectors[static_cast<std::size_t>(i)];
      float dot = 0;
      float norm = 0;
      for (std::size_t j = 0; j < kDim; ++j) {
        dot += vector[j] * query[j];
        norm += vector[j] * vector[j];
      }
      expected.emplace_back(-dot / std::sqrt(norm), i);
    }
    std::sort(expected.begin(), expected.end());
    expected.resize(std::min<std::size_t>(expected.size(), 10));
    std::vector<string> ids;
    for (const auto& [score, id] : expected) ids.push_back(std::to_string(id));
    const string members = R"("query":)" + render(query) + R"(,"filter":)" + c.filter;
    EXPECT_EQ(Found(members + R"(,"exact":true)"), ids) << c.filter;
    const auto approximate = Found(members);
    EXPECT_EQ(approximate.size(), ids.size()) << c.filter;
    wanted += ids.size();
    for (const string& id : approximate) {
      found += static_cast<std::size_t>(std::count(ids.begin(), ids.end(), id));
      EXPECT_TRUE(c.matches(std::stoi(id))) << c.filter;
    }
  }
  EXPECT_GE(found, wanted * 95 / 100);
}

}  // namespace
}  // namespace larder
