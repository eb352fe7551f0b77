#include "proxy/insight/request_shape.h"

#include <gmock/gmock.h>

#include "proxy/insight/shapes.h"

namespace larder {
namespace {

std::vector<std::string> NamesOf(const RequestShape& shape) {
  std::vector<std::string> names;
  for (const RequestShape::Field& field : shape.fields()) names.push_back(field.name);
  return names;
}

TEST(RequestShapeTest, SumsDoNotDependOnTheOrderOfFields) {
  RequestShape a;
  a.Add("model", "m");
  a.Add("top_p", "1");
  RequestShape b;
  b.Add("top_p", "1");
  b.Add("model", "m");
  EXPECT_EQ(a.sum(), b.sum());
}

TEST(RequestShapeTest, AValueUnderAnotherNameIsAnotherField) {
  RequestShape a;
  a.Add("a", "1");
  RequestShape b;
  b.Add("b", "1");
  EXPECT_NE(a.sum(), b.sum());
}

TEST(RequestShapeTest, NormalisedContentOverlooksCaseAndSpace) {
  EXPECT_EQ(RequestShape::Normalised("It is now\\n"), "itisnow");
  EXPECT_EQ(RequestShape::Normalised("it is\t   NOW"), "itisnow");
  EXPECT_EQ(RequestShape::Normalised(R"(say \"hi\")"), R"(say\"hi\")");
  EXPECT_EQ(RequestShape::Normalised(""), "");
  EXPECT_NE(RequestShape::Normalised("now"), RequestShape::Normalised("not"));
}

TEST(RequestShapeTest, NormalisedContentOverlooksDigitsInALongTextAlone) {
  EXPECT_EQ(RequestShape::Normalised("item 12"), "item12");
  const std::string rest(RequestShape::kLongText, 'x');
  EXPECT_EQ(RequestShape::Normalised("at 10:42 " + rest), "at0:0" + rest);
  EXPECT_EQ(RequestShape::Normalised("at 9:5 " + rest), "at0:0" + rest);
}

TEST(RequestShapeTest, ContentThatDiffersInCaseAloneHasTheSameNormalisedSum) {
  RequestShape a;
  a.AddContent("input", "Hello");
  RequestShape b;
  b.AddContent("input", "hello ");
  EXPECT_NE(a.sum(), b.sum());
  EXPECT_EQ(a.normalised_sum(), b.normalised_sum());
}

TEST(RequestShapeTest, FieldsBeyondTheLimitCountAsOne) {
  RequestShape shape;
  for (std::size_t i = 0; i < 3 * RequestShape::kMaxFields; ++i) {
    shape.Add("f" + std::to_string(i), "1");
  }
  EXPECT_EQ(shape.fields().size(), RequestShape::kMaxFields + 1);
  EXPECT_EQ(shape.fields().back().name, "other");
}

ResponseKeyParts Parts(std::string body) {
  return {
      KeyScope{Partition("p"), "n", "u", "h"}, "POST", "/chat/completions", std::move(body), {}};
}

TEST(RequestShapeTest, AResponsesShapeHasItsMembersAndItsScope) {
  EXPECT_THAT(NamesOf(ShapeOf(Parts(R"({"model":"m","messages":[],"top_p":1})"))),
              testing::UnorderedElementsAre("messages", "credential", "namespace", "upstream",
                                            "headers", "path", "custom_key", "model", "top_p"));
}

TEST(RequestShapeTest, OfAVeryLongBodyThereIsNone) {
  EXPECT_TRUE(ShapeOf(Parts(std::string(kMaxShapedBody + 1, ' '))).empty());
}

TEST(RequestShapeTest, AnEmbeddingsShapeHasTheMembersOfItsExtraFields) {
  const EmbeddingScope scope{KeyScope{Partition("p"), "", "u", ""}, "m", "3", R"({"task":"x"})"};
  EXPECT_THAT(NamesOf(ShapeOf(scope)),
              testing::UnorderedElementsAre("credential", "namespace", "upstream", "headers",
                                            "model", "dimensions", "task"));
}

}  // namespace
}  // namespace larder
