#include "proxy/search/points_body.h"

#include <gtest/gtest.h>

#include "proxy/search/metadata_json.h"

namespace larder {
namespace {

using std::string;

constexpr const char* kJson = "application/json";
constexpr const char* kLines = "application/x-ndjson";
constexpr const char* kForm = "multipart/form-data; boundary=B";

PointsRules Rules() {
  PointsRules rules;
  rules.dimensions = 2;
  return rules;
}

Result<PointsBody> Parse(const string& body, const char* type = kJson,
                         const PointsRules& rules = Rules()) {
  return ParsePointsBody(type, body, rules);
}

std::vector<string> Ids(const Result<PointsBody>& body) {
  if (!body.ok()) return {"refused: " + body.error().message};
  std::vector<string> ids;
  for (const NewPoint& point : body->points) ids.push_back(point.id);
  return ids;
}
using Strings = std::vector<string>;

TEST(PointsBodyTest, TakesAPointWhole) {
  const auto body = Parse(
      R"([{"id":"a","values":[1,2.5],"text":"t","metadata":{ "x" : [1, "y"] },"namespace":"n"}])");
  ASSERT_TRUE(body.ok()) << body.error().message;
  ASSERT_EQ(body->points.size(), 1U);
  const NewPoint& point = body->points[0];
  EXPECT_EQ(point.id, "a");
  EXPECT_EQ(point.values, (std::vector<float>{1, 2.5}));
  EXPECT_EQ(point.text, "t");
  EXPECT_EQ(point.metadata, R"({"x":[1,"y"]})");
  EXPECT_EQ(point.name_space, "n");
}

TEST(PointsBodyTest, ATextAloneIsToBeEmbedded) {
  const auto body = Parse(R"([{"id":"a","text":"t","values":null,"metadata":null}])");
  ASSERT_TRUE(body.ok());
  EXPECT_TRUE(body->points[0].values.empty());
  EXPECT_TRUE(body->points[0].metadata.empty());
}

TEST(PointsBodyTest, ReadsEveryForm) {
  const struct {
    const char* type;
    const char* body;
  } kCases[] = {
      {kJson, R"([{"id":"a","values":[1,2]},{"id":"b","text":"t"}])"},
      {"application/json; charset=utf-8",
       R"({"points":[{"id":"a","text":"t"},{"id":"b","text":"t"}]})"},
      {kJson, R"({"vectors":[{"id":"a","text":"t"},{"id":"b","text":"t"}]})"},
      {kLines, "{\"id\":\"a\",\"text\":\"t\"}\n{\"id\":\"b\",\"text\":\"t\"}"},
      {"Application/NDJSON",
       "\n{\"id\":\"a\",\"text\":\"t\"}\r\n \r\n{\"id\":\"b\",\"text\":\"t\"}\r\n"},
      {"text/plain;charset=UTF-8",
       "{\"id\":\"a\",\"text\":\"t\"}\n{\"id\":\"b\",\"text\":\"t\"}\n"},
      {"", R"([{"id":"a","values":[1,2]},{"id":"b","text":"t"}])"},
      {"application/octet-stream", R"({"vectors":[{"id":"a","text":"t"},{"id":"b","text":"t"}]})"},
      {kForm,
       "--B\r\nContent-Disposition: form-data; name=\"vectors\"; filename=\"v.ndjson\"\r\n\r\n"
       "{\"id\":\"a\",\"text\":\"t\"}\n{\"id\":\"b\",\"text\":\"t\"}\r\n--B--\r\n"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Ids(Parse(c.body, c.type)), (Strings{"a", "b"})) << c.type << " " << c.body;
  }
}

TEST(PointsBodyTest, OfSeveralWithOneIdTheLastCountsOrTheFirst) {
  const string body = R"([{"id":"a","text":"1"},{"id":"b","text":"2"},{"id":"a","text":"3"}])";
  PointsRules rules = Rules();
  auto parsed = Parse(body, kJson, rules);
  EXPECT_EQ(Ids(parsed), (Strings{"a", "b"}));
  EXPECT_EQ(parsed->points[0].text, "3");
  rules.mode = UpsertMode::kKeepExisting;
  parsed = Parse(body, kJson, rules);
  EXPECT_EQ(Ids(parsed), (Strings{"a", "b"}));
  EXPECT_EQ(parsed->points[0].text, "1");
}

TEST(PointsBodyTest, DiscardsWrongPointsWhereAsked) {
  PointsRules rules = Rules();
  rules.discard_unparsable = true;
  const auto lines =
      Parse("{\"id\":\"a\",\"values\":[1,2]}\n{\n{\"id\":\"b\",\"values\":[1]}\n", kLines, rules);
  EXPECT_EQ(Ids(lines), Strings{"a"});
  EXPECT_EQ(lines->discarded, 2U);
  const auto none = Parse("{\n", kLines, rules);
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(none->discarded, 1U);
}

TEST(PointsBodyTest, VectorizesShapeHasNoTextsAndIgnoresOtherFields) {
  PointsRules rules = Rules();
  rules.own_shape = false;
  rules.max_id_bytes = 3;
  const auto body = Parse(R"([{"id":"a","values":[1,2],"text":"t","extra":1}])", kJson, rules);
  EXPECT_EQ(Ids(body), Strings{"a"});
  EXPECT_EQ(body->points[0].text, "");
  EXPECT_FALSE(Parse(R"([{"id":"a","text":"t"}])", kJson, rules).ok());
  EXPECT_FALSE(Parse(R"([{"id":"abcd","values":[1,2]}])", kJson, rules).ok());
}

TEST(PointsBodyTest, RefusesByPointAndField) {
  const string large(kMaxMetadataBytes, 'x');
  const struct {
    const char* type;
    string body;
    const char* message;
    const char* param;
  } kCases[] = {
      {kJson, "{", "the body is not valid JSON", ""},
      {kJson, "{}", "the body must be a list", "points"},
      {kJson, R"({"points":[],"more":1})", "the body must be a list", "points"},
      {kJson, "[]", "at least one point", ""},
      {kLines, "\n \n", "at least one point", ""},
      {kJson, R"([{"id":"a","text":"t"},1])", "points[1]: a point must be an object", ""},
      {kJson, R"({"vectors":[1]})", "vectors[0]: a point must be an object", ""},
      {kJson, R"([{"text":"t"}])", "points[0]: id must be", "id"},
      {kJson, R"([{"id":"","text":"t"}])", "points[0]: id must be", "id"},
      {kJson, R"([{"id":7,"text":"t"}])", "points[0]: id must be", "id"},
      {kJson, R"([{"id":")" + string(513, 'i') + R"(","text":"t"}])", "id must be", "id"},
      {kJson, R"([{"id":"a"}])", "values or a text must be given", "values"},
      {kJson, R"([{"id":"a","text":""}])", "values or a text must be given", "values"},
      {kJson, R"([{"id":"a","text":1}])", "text must be a text", "text"},
      {kJson, R"([{"id":"a","values":"x"}])", "values must be a list of numbers", "values"},
      {kJson, R"([{"id":"a","values":[1,true]}])", "values[1] is not a number", "values[1]"},
      {kJson, R"([{"id":"a","values":[1,1e39]}])", "values[1] is not a number", "values[1]"},
      {kJson, R"([{"id":"a","values":[1]}])", "values must have 2 numbers, has 1", "values"},
      {kJson, R"([{"id":"a","values":[]}])", "values must not be empty", "values"},
      {kJson, R"([{"id":"a","values":[0,-0.0]}])", "values must not be all zero", "values"},
      {kJson, R"([{"id":"a","text":"t","metadata":[]}])", "metadata must be an object", "metadata"},
      {kJson, R"([{"id":"a","text":"t","metadata":{"$x":1}}])", "a key must not", "metadata"},
      {kJson, R"([{"id":"a","text":"t","metadata":{"x":")" + large + "\"}}]", "bytes", "metadata"},
      {kJson, R"([{"id":"a","text":"t","namespace":1}])", "namespace must be a text", "namespace"},
      {kJson, R"([{"id":"a","text":"t","metdata":{}}])", "no such field", "metdata"},
      {kLines, "{\"id\":\"a\",\"text\":\"t\"}\n\n{\"id\":\"b\",\"values\":[1,\"x\"]}",
       "line 3: values[1] is not a number", "values[1]"},
      {kLines, "{\"id\":\"a\",\"text\":\"t\"}\n{\"id\":", "line 2: is not valid JSON", ""},
      {kLines, "{\"id\":\"a\",\"values\":[1,1e999]}", "line 1: is not valid JSON", ""},
      {kForm, "--B\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--B--",
       "must have a part", "vectors"},
  };
  for (const auto& c : kCases) {
    const auto body = Parse(c.body, c.type);
    ASSERT_FALSE(body.ok()) << c.body.substr(0, 100);
    EXPECT_EQ(body.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(body.error().message.find(c.message), string::npos)
        << c.body.substr(0, 100) << ": " << body.error().message;
    EXPECT_EQ(body.error().param, c.param) << c.body.substr(0, 100);
  }
}

TEST(PointsBodyTest, AVectorMayBeAllZeroWhereTheMetricIsNotCosine) {
  PointsRules rules = Rules();
  rules.metric = Metric::kEuclidean;
  EXPECT_TRUE(Parse(R"([{"id":"a","values":[0,0]}])", kJson, rules).ok());
}

TEST(PointsBodyTest, RefusesMorePointsThanItsLimit) {
  PointsRules rules = Rules();
  rules.max_points = 2;
  EXPECT_TRUE(
      Parse("[{\"id\":\"a\",\"text\":\"t\"},{\"id\":\"b\",\"text\":\"t\"}]", kJson, rules).ok());
  rules.max_points = 1;
  EXPECT_FALSE(
      Parse("[{\"id\":\"a\",\"text\":\"t\"},{\"id\":\"b\",\"text\":\"t\"}]", kJson, rules).ok());
}

}  // namespace
}  // namespace larder
