#include "proxy/openai/embeddings_request.h"

#include <gmock/gmock.h>

#include "base/bytes.h"
#include "proxy/json/json.h"

namespace larder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

EmbeddingsRequest Parsed(std::string_view body, std::string_view model_in_path = {}) {
  auto request = ParseEmbeddingsRequest(body, model_in_path);
  EXPECT_TRUE(request.ok()) << body;
  return request.ok() ? std::move(request).value() : EmbeddingsRequest{};
}

std::vector<std::string> JsonOf(const EmbeddingsRequest& request) {
  std::vector<std::string> all;
  for (const EmbeddingInput& input : request.inputs) all.push_back(input.json);
  return all;
}

std::string TokenKey(std::initializer_list<std::int64_t> tokens) {
  std::string key;
  ByteWriter writer(key);
  for (const std::int64_t token : tokens) writer.Fixed(token);
  return key;
}

TEST(EmbeddingsRequestTest, TakesTheFourFormsOfInputApart) {
  EXPECT_THAT(JsonOf(Parsed(R"({"model":"m","input":"a"})")), ElementsAre("\"a\""));
  EXPECT_THAT(JsonOf(Parsed(R"({"model":"m","input":["a","b","a"]})")),
              ElementsAre("\"a\"", "\"b\"", "\"a\""));
  EXPECT_THAT(JsonOf(Parsed(R"({"model":"m","input":[1, 2]})")), ElementsAre("[1,2]"));
  EXPECT_THAT(JsonOf(Parsed(R"({"model":"m","input":[[1,2],[3]]})")), ElementsAre("[1,2]", "[3]"));
}

TEST(EmbeddingsRequestTest, KeysATextByItsBytesAndTokensByTheirValues) {
  const auto texts = Parsed(R"({"model":"m","input":["\u00e9 \n","[1]"]})");
  EXPECT_EQ(texts.inputs[0].kind, InputKind::kText);
  EXPECT_EQ(texts.inputs[0].key_bytes, "\xC3\xA9 \n");
  EXPECT_EQ(texts.inputs[1].kind, InputKind::kText);
  const auto tokens = Parsed(R"({"model":"m","input":[[1,200000]]})");
  EXPECT_EQ(tokens.inputs[0].kind, InputKind::kTokens);
  EXPECT_EQ(tokens.inputs[0].key_bytes, TokenKey({1, 200000}));
}

TEST(EmbeddingsRequestTest, WeighsTextByItsBytesAndTokensByTheirCount) {
  const auto texts = Parsed(R"({"model":"m","input":["abc","\u00e9"]})");
  EXPECT_EQ(texts.inputs[0].weight, 3U);
  EXPECT_EQ(texts.inputs[1].weight, 2U);
  EXPECT_EQ(Parsed(R"({"model":"m","input":[9,9,9,9]})").inputs[0].weight, 4U);
}

TEST(EmbeddingsRequestTest, KeepsWhatItDoesNotKnowForTheKey) {
  const auto request = Parsed(
      R"({"z":1.0,"model":"m","input":"a","user":"u","metadata":{},"safety_identifier":"s",
          "dimensions":256,"encoding_format":"base64","a":{"y":1,"x":2}})");
  EXPECT_EQ(request.extra, R"({"a":{"x":2,"y":1},"z":1})");
  EXPECT_EQ(request.dimensions, "256");
  EXPECT_EQ(request.encoding, EncodingFormat::kBase64);
  EXPECT_EQ(Parsed(R"({"model":"m","input":"a"})").extra, "{}");
}

TEST(EmbeddingsRequestTest, ForwardsEveryMemberButTheOtherInputs) {
  const auto request = Parsed(
      R"({"input":["a","b","c"],"user":"u","model":"m","encoding_format":"float","n":null})");
  const std::string body = RenderUpstreamEmbeddings(request, {2, 0});
  const auto document = JsonDocument::Parse(body);
  ASSERT_TRUE(document.ok()) << body;
  EXPECT_THAT(body, HasSubstr(R"("input":["c","a"])"));
  EXPECT_EQ(StringMember(document->root(), "user"), "u");
  EXPECT_EQ(StringMember(document->root(), "model"), "m");
  EXPECT_EQ(StringMember(document->root(), "encoding_format"), "float");
  EXPECT_TRUE(Member(document->root(), "n")->is_null());
}

TEST(EmbeddingsRequestTest, ForwardsNothingButInputsWhenAPathNamesTheModel) {
  const auto request = Parsed(R"({"input":"a"})", "deployment");
  EXPECT_EQ(request.model, "deployment");
  EXPECT_EQ(RenderUpstreamEmbeddings(request, {0}), R"({"input":["a"]})");
}

TEST(EmbeddingsRequestTest, TakesThePathsModelBeforeTheBodys) {
  EXPECT_EQ(Parsed(R"({"model":"other","input":"a"})", "deployment").model, "deployment");
}

TEST(EmbeddingsRequestTest, ForwardsEveryTextByteForByte) {
  const auto request = Parsed(R"({"model":"m","input":["\u0000\"\\\ud83c\udf6e\u001f/"]})");
  const auto document = JsonDocument::Parse(RenderUpstreamEmbeddings(request, {0}));
  ASSERT_TRUE(document.ok());
  JsonArray inputs;
  ASSERT_EQ(Member(document->root(), "input")->get(inputs), simdjson::SUCCESS);
  std::string_view text;
  ASSERT_EQ((*inputs.begin()).get(text), simdjson::SUCCESS);
  EXPECT_EQ(text, std::string_view("\0\"\\\xF0\x9F\x8D\xAE\x1f/", 9));
  EXPECT_EQ(text, request.inputs[0].key_bytes);
}

TEST(EmbeddingsRequestTest, TakesUpTo2048Inputs) {
  const auto batch = [](std::size_t count) {
    std::string body = R"({"model":"m","input":[)";
    for (std::size_t i = 0; i < count; ++i) body += (i > 0 ? ",\"x\"" : "\"x\"");
    return body + "]}";
  };
  EXPECT_EQ(Parsed(batch(2048)).inputs.size(), 2048U);
  const auto refused = ParseEmbeddingsRequest(batch(2049));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().param, "input");
}

TEST(EmbeddingsRequestTest, RefusesAWrongFieldByName) {
  const struct {
    const char* name;
    const char* body;
    const char* param;
  } kCases[] = {
      {"no JSON", "x", ""},
      {"text behind the end", R"({"model":"m","input":"a"} x)", ""},
      {"no object", R"(["a"])", ""},
      {"no model", R"({"input":"a"})", "model"},
      {"an empty model", R"({"model":"","input":"a"})", "model"},
      {"a numeric model", R"({"model":1,"input":"a"})", "model"},
      {"no input", R"({"model":"m"})", "input"},
      {"null", R"({"model":"m","input":null})", "input"},
      {"a number", R"({"model":"m","input":1})", "input"},
      {"an object", R"({"model":"m","input":{}})", "input"},
      {"an empty text", R"({"model":"m","input":""})", "input"},
      {"an empty list", R"({"model":"m","input":[]})", "input"},
      {"an empty text in a list", R"({"model":"m","input":["a",""]})", "input[1]"},
      {"empty tokens", R"({"model":"m","input":[[1],[]]})", "input[1]"},
      {"text, then tokens", R"({"model":"m","input":["a",[1]]})", "input[1]"},
      {"tokens, then text", R"({"model":"m","input":[[1],"a"]})", "input[1]"},
      {"token, then text", R"({"model":"m","input":[1,"a"]})", "input"},
      {"a negative token", R"({"model":"m","input":[1,-1]})", "input"},
      {"a broken token", R"({"model":"m","input":[1.5]})", "input"},
      {"a huge token", R"({"model":"m","input":[18446744073709551615]})", "input"},
      {"a nested list", R"({"model":"m","input":[[[1]]]})", "input[0]"},
      {"dimensions of 0", R"({"model":"m","input":"a","dimensions":0})", "dimensions"},
      {"broken dimensions", R"({"model":"m","input":"a","dimensions":1.5})", "dimensions"},
      {"textual dimensions", R"({"model":"m","input":"a","dimensions":"8"})", "dimensions"},
      {"an unknown encoding", R"({"model":"m","input":"a","encoding_format":"hex"})",
       "encoding_format"},
      {"a numeric encoding", R"({"model":"m","input":"a","encoding_format":1})", "encoding_format"},
      {"a doubled member", R"({"model":"m","model":"n","input":"a"})", "model"},
      {"a doubled member, spelt otherwise", R"({"model":"m","input":"a","\u0069nput":"b"})",
       "input"},
  };
  for (const auto& c : kCases) {
    const auto request = ParseEmbeddingsRequest(c.body);
    ASSERT_FALSE(request.ok()) << c.name;
    EXPECT_EQ(request.error().code, ErrorCode::kInvalidArgument) << c.name;
    EXPECT_EQ(request.error().param, c.param) << c.name;
  }
}

}  // namespace
}  // namespace larder
