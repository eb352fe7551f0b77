#include "proxy/search/metadata_json.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

using std::string;

Result<Metadata> Flatten(const string& json) {
  const auto document = JsonDocument::Parse(json);
  EXPECT_TRUE(document.ok()) << json;
  return FlattenMetadata(document->root());
}

// An object with `depth` objects within each other.
string Nested(std::size_t depth) {
  string json = "1";
  for (std::size_t i = 0; i < depth; ++i) json = R"({"a":)" + json + "}";
  return json;
}

TEST(MetadataJsonTest, NestedObjectsAreDottedPaths) {
  const auto fields = Flatten(R"({"a":{"b":1,"c":{"d":"x"}},"e":true,"f.g":2.5})");
  ASSERT_TRUE(fields.ok());
  EXPECT_EQ(*fields,
            (Metadata{{"a.b", {1.0}}, {"a.c.d", {string("x")}}, {"e", {true}}, {"f.g", {2.5}}}));
}

TEST(MetadataJsonTest, ListsAreSeveralValues) {
  const auto fields = Flatten(R"({"tags":["x",2,false]})");
  ASSERT_TRUE(fields.ok());
  EXPECT_EQ(*fields, (Metadata{{"tags", {string("x"), 2.0, false}}}));
}

TEST(MetadataJsonTest, WhatHasNoValueIsLeftOut) {
  const auto fields = Flatten(R"({"a":null,"b":[],"c":{},"d":[null,{"x":1},[2]],"e":["y",null]})");
  ASSERT_TRUE(fields.ok());
  EXPECT_EQ(*fields, (Metadata{{"e", {string("y")}}}));
}

TEST(MetadataJsonTest, RefusesByNameWhatIsBeyondItsRules) {
  const struct {
    const char* name;
    string json;
    const char* param;
  } kCases[] = {
      {"a list", "[1]", "metadata"},
      {"a text", R"("x")", "metadata"},
      {"null", "null", "metadata"},
      {"an empty key", R"({"":1})", "metadata"},
      {"an empty key below", R"({"a":{"":1}})", "metadata.a"},
      {"a dollar sign", R"({"a":{"$b":1}})", "metadata.a"},
      {"a quotation mark", R"({"a\"b":1})", "metadata"},
      {"a path twice", R"({"a":{"b":1},"a.b":2})", "metadata.a.b"},
      {"a key twice", R"({"a":1,"a":2})", "metadata.a"},
      {"too deep", Nested(kMaxMetadataDepth + 1), "metadata.a.a.a.a.a.a.a.a"},
      {"too large", R"({"a":")" + string(kMaxMetadataBytes - 7, 'x') + R"("})", "metadata"},
  };
  for (const auto& c : kCases) {
    const auto fields = Flatten(c.json);
    ASSERT_FALSE(fields.ok()) << c.name;
    EXPECT_EQ(fields.error().code, ErrorCode::kInvalidArgument) << c.name;
    EXPECT_EQ(fields.error().param, c.param) << c.name;
  }
}

TEST(MetadataJsonTest, TakesWhatIsExactlyAtItsLimits) {
  EXPECT_TRUE(Flatten(Nested(kMaxMetadataDepth)).ok());
  EXPECT_TRUE(Flatten(R"({ "a" : ")" + string(kMaxMetadataBytes - 8, 'x') + R"(" })").ok());
}

}  // namespace
}  // namespace larder
