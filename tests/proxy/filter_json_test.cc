#include "proxy/search/filter_json.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

using std::string;
using Parse = Result<Filter> (*)(JsonElement);

Result<Filter> Parsed(Parse parse, const string& json) {
  const auto document = JsonDocument::Parse(json);
  EXPECT_TRUE(document.ok()) << json;
  return parse(document->root());
}

const Metadata kPoint = {{"genre", {string("noir")}},
                         {"year", {1941.0}},
                         {"seen", {true}},
                         {"tags", {string("b"), string("d")}},
                         {"author.name", {string("Hammett")}}};

struct Case {
  const char* json;
  bool matches;
};

TEST(FilterJsonTest, MeansWhatItsOperatorsSay) {
  const Case kCases[] = {
      {R"({})", true},
      {R"({"genre":"noir"})", true},
      {R"({"genre":"x"})", false},
      {R"({"seen":true,"year":1941})", true},
      {R"({"seen":true,"year":1942})", false},
      {R"({"genre":{"$eq":"noir"}})", true},
      {R"({"genre":{"$ne":"noir"}})", false},
      {R"({"nothing":{"$ne":"noir"}})", true},
      {R"({"year":{"$in":[1,1941]}})", true},
      {R"({"year":{"$in":[]}})", false},
      {R"({"year":{"$nin":[1,1941]}})", false},
      {R"({"year":{"$gte":1941,"$lt":1942}})", true},
      {R"({"year":{"$gt":1941,"$lte":1942}})", false},
      {R"({"genre":{"$gte":"no","$lt":"np"}})", true},
      {R"({"tags":"d"})", true},
      {R"({"tags":{"$nin":["d"]}})", false},
      {R"({"author.name":"Hammett"})", true},
      {R"({"author":{"name":"Hammett"}})", true},
      {R"({"author":{"name":{"$ne":"Hammett"}}})", false},
      {R"({"$and":[{"seen":true},{"year":{"$gt":1900}}]})", true},
      {R"({"$or":[{"seen":false},{"year":{"$gt":1900}}]})", true},
      {R"({"$or":[{"seen":false},{"year":1900}],"genre":"noir"})", false},
      {R"({"$or":[{"$and":[{"seen":true},{"tags":"b"}]},{"year":1900}]})", true},
  };
  for (const Case& c : kCases) {
    const auto filter = Parsed(ParseFilter, c.json);
    ASSERT_TRUE(filter.ok()) << c.json << ": " << filter.error().message;
    EXPECT_EQ(filter->Matches(kPoint), c.matches) << c.json;
  }
}

TEST(FilterJsonTest, MeansWhatOpenAiSays) {
  const Case kCases[] = {
      {R"({"type":"eq","key":"genre","value":"noir"})", true},
      {R"({"type":"ne","key":"genre","value":"noir"})", false},
      {R"({"type":"gt","key":"year","value":1940})", true},
      {R"({"type":"gte","key":"year","value":1942})", false},
      {R"({"type":"lt","key":"year","value":1942})", true},
      {R"({"type":"lte","key":"year","value":1940})", false},
      {R"({"type":"in","key":"tags","value":["x","d"]})", true},
      {R"({"type":"nin","key":"tags","value":["x","d"]})", false},
      {R"({"type":"and","filters":[{"type":"eq","key":"seen","value":true},
          {"type":"eq","key":"year","value":1941}]})",
       true},
      {R"({"type":"or","filters":[{"type":"eq","key":"seen","value":false},
          {"type":"and","filters":[{"type":"eq","key":"year","value":1}]}]})",
       false},
  };
  for (const Case& c : kCases) {
    const auto filter = Parsed(ParseOpenAiFilter, c.json);
    ASSERT_TRUE(filter.ok()) << c.json << ": " << filter.error().message;
    EXPECT_EQ(filter->Matches(kPoint), c.matches) << c.json;
  }
}

// {"a": {"a": ... 1}}: `depth` objects within each other.
string Nested(std::size_t depth) {
  string json = "1";
  for (std::size_t i = 0; i < depth; ++i) json = R"({"a":)" + json + "}";
  return json;
}

string Ones(std::size_t count) {
  string list;
  for (std::size_t i = 0; i < count; ++i) list += list.empty() ? "1" : ",1";
  return "[" + list + "]";
}

TEST(FilterJsonTest, RefusesByPlaceWhatIsNoFilter) {
  const struct {
    Parse parse;
    string json;
    const char* param;
  } kCases[] = {
      {ParseFilter, R"([])", "filter"},
      {ParseFilter, R"("x")", "filter"},
      {ParseFilter, R"({"":1})", "filter"},
      {ParseFilter, R"({"price":{}})", "filter.price"},
      {ParseFilter, R"({"price":{"$near":1}})", "filter.price.$near"},
      {ParseFilter, R"({"price":{"$lt":true}})", "filter.price.$lt"},
      {ParseFilter, R"({"price":{"$lt":null}})", "filter.price.$lt"},
      {ParseFilter, R"({"price":{"$gte":[1]}})", "filter.price.$gte"},
      {ParseFilter, R"({"price":{"$in":1}})", "filter.price.$in"},
      {ParseFilter, R"({"price":{"$nin":[1,null]}})", "filter.price.$nin[1]"},
      {ParseFilter, R"({"price":{"$eq":{}}})", "filter.price.$eq"},
      {ParseFilter, R"({"price":null})", "filter.price"},
      {ParseFilter, R"({"price":[1]})", "filter.price"},
      {ParseFilter, R"({"price":{"$lt":1,"x":2}})", "filter.price"},
      {ParseFilter, R"({"price":{"$or":[{"a":1}]}})", "filter.price.$or"},
      {ParseFilter, R"({"$eq":1})", "filter.$eq"},
      {ParseFilter, R"({"$and":{}})", "filter.$and"},
      {ParseFilter, R"({"$or":[]})", "filter.$or"},
      {ParseFilter, R"({"$or":[{"a":1},{}]})", "filter.$or[1]"},
      {ParseFilter, R"({"$or":[{"a":{"$x":1}}]})", "filter.$or[0].a.$x"},
      {ParseFilter, Nested(kMaxFilterDepth + 1), "filter.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"},
      {ParseFilter, R"({"a":{"$in":)" + Ones(kMaxFilterOperands + 1) + "}}", "filter.a.$in[1000]"},
      {ParseFilter, R"({"a":")" + string(kMaxFilterBytes, 'x') + "\"}", "filter"},
      {ParseVectorizeFilter, R"({})", "filter"},
      {ParseVectorizeFilter, R"({"a":")" + string(2040, 'x') + "\"}", "filter"},
      {ParseOpenAiFilter, R"([])", "filters"},
      {ParseOpenAiFilter, R"({"type":"like","key":"a","value":1})", "filters.type"},
      {ParseOpenAiFilter, R"({"type":"eq","value":1})", "filters.key"},
      {ParseOpenAiFilter, R"({"type":"eq","key":"a"})", "filters.value"},
      {ParseOpenAiFilter, R"({"type":"in","key":"a","value":1})", "filters.value"},
      {ParseOpenAiFilter, R"({"type":"gt","key":"a","value":true})", "filters.value"},
      {ParseOpenAiFilter, R"({"type":"and"})", "filters.filters"},
      {ParseOpenAiFilter, R"({"type":"or","filters":[]})", "filters.filters"},
      {ParseOpenAiFilter,
       R"({"type":"or","filters":[{"type":"eq","key":"a","value":1},{"type":"eq","key":"a"}]})",
       "filters.filters[1].value"},
  };
  for (const auto& c : kCases) {
    const auto filter = Parsed(c.parse, c.json);
    ASSERT_FALSE(filter.ok()) << c.json.substr(0, 80);
    EXPECT_EQ(filter.error().code, ErrorCode::kInvalidArgument) << c.json.substr(0, 80);
    EXPECT_EQ(filter.error().param, c.param) << c.json.substr(0, 80);
  }
}

TEST(FilterJsonTest, TakesWhatIsExactlyAtItsLimits) {
  EXPECT_TRUE(Parsed(ParseFilter, Nested(kMaxFilterDepth)).ok());
  EXPECT_TRUE(Parsed(ParseFilter, R"({"a":{"$in":)" + Ones(kMaxFilterOperands) + "}}").ok());
  EXPECT_TRUE(Parsed(ParseVectorizeFilter, R"({"a":")" + string(2039, 'x') + "\"}").ok());
}

}  // namespace
}  // namespace larder
