#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/base64.h"
#include "proxy/json/json.h"
#include "proxy/upstream/builtin/builtin_upstream.h"
#include "proxy/upstream/builtin/hash_embedder.h"

namespace larder {
namespace {

struct Answer {
  int status;
  JsonDocument json;

  std::vector<JsonElement> data() const {
    std::vector<JsonElement> items;
    JsonArray array;
    EXPECT_EQ(Member(json.root(), "data")->get(array), simdjson::SUCCESS);
    for (const JsonElement item : array) items.push_back(item);
    return items;
  }
  std::string param() const {
    return std::string(StringMember(*Member(json.root(), "error"), "param").value_or("(null)"));
  }
  std::int64_t tokens() const {
    return IntMember(*Member(json.root(), "usage"), "prompt_tokens").value_or(-1);
  }
};

// `members` is what comes after the model in the request's object.
Answer Embed(const std::string& members) {
  BuiltinUpstream upstream;
  auto reply = upstream.Send({.method = "POST",
                              .path_and_query = "/embeddings",
                              .headers = {},
                              .body = R"({"model":"larder-hash-384",)" + members + "}"});
  EXPECT_TRUE(reply.ok());
  auto body = ReadWhole(*reply->body, 1U << 30, MonoTime::max());
  EXPECT_TRUE(body.ok());
  return {reply->status, JsonDocument::Parse(*body).value()};
}

std::vector<float> Floats(const Answer& answer, std::size_t i = 0) {
  const JsonElement item = answer.data().at(i);
  std::vector<float> floats;
  JsonArray array;
  EXPECT_EQ(Member(item, "embedding")->get(array), simdjson::SUCCESS);
  for (const JsonElement element : array) {
    double value = 0;
    EXPECT_EQ(element.get(value), simdjson::SUCCESS);
    floats.push_back(static_cast<float>(value));
  }
  return floats;
}

TEST(BuiltinEmbeddingsTest, AnswerInOpenAisShape) {
  const Answer answer = Embed(R"("input":"copy files","dimensions":2)");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(simdjson::minify(answer.json.root()).substr(0, 68),
            R"({"object":"list","data":[{"object":"embedding","index":0,"embedding")");
  EXPECT_EQ(StringMember(answer.json.root(), "model"), "larder-hash-384");
  EXPECT_EQ(simdjson::minify(*Member(answer.json.root(), "usage")),
            R"({"prompt_tokens":2,"total_tokens":2})");
}

TEST(BuiltinEmbeddingsTest, ReadBackAsTheEmbeddersFloats) {
  const Answer answer = Embed(R"("input":"Copy Files between hosts")");
  EXPECT_EQ(answer.data().size(), 1U);
  EXPECT_EQ(Floats(answer), HashEmbedder().Embed("Copy Files between hosts"));
}

TEST(BuiltinEmbeddingsTest, AgreeBitForBitInBase64) {
  const Answer answer = Embed(R"("input":["a","b c"],"encoding_format":"base64")");
  const auto data = answer.data();
  ASSERT_EQ(data.size(), 2U);
  const auto bytes = DecodeBase64(*StringMember(data[1], "embedding"));
  ASSERT_TRUE(bytes);
  ASSERT_EQ(bytes->size(), 384U * 4);
  std::vector<float> floats(384);
  std::memcpy(floats.data(), bytes->data(), bytes->size());
  EXPECT_EQ(floats, HashEmbedder().Embed("b c"));
  EXPECT_EQ(IntMember(data[1], "index"), 1);
}

TEST(BuiltinEmbeddingsTest, TakeAllFourFormsOfInput) {
  EXPECT_EQ(Floats(Embed(R"("input":"x")")), Floats(Embed(R"("input":["x"])")));
  const auto tokens = HashEmbedder().EmbedTokens(std::vector<std::int64_t>{1, 2, 3});
  EXPECT_EQ(Floats(Embed(R"("input":[1,2,3])")), tokens);
  const Answer nested = Embed(R"("input":[[4],[1,2,3]])");
  EXPECT_EQ(nested.data().size(), 2U);
  EXPECT_EQ(Floats(nested, 1), tokens);
  EXPECT_EQ(nested.tokens(), 4);
}

TEST(BuiltinEmbeddingsTest, HonourTheDimensionsAskedFor) {
  for (const std::size_t dimensions : {1U, 100U, 384U}) {
    const Answer answer = Embed(R"("input":"x y","dimensions":)" + std::to_string(dimensions));
    EXPECT_EQ(Floats(answer), HashEmbedder(dimensions).Embed("x y"));
  }
}

TEST(BuiltinEmbeddingsTest, TreatNullAsAbsent) {
  const Answer answer = Embed(R"("input":"x","dimensions":null,"encoding_format":null)");
  EXPECT_EQ(Floats(answer).size(), 384U);
}

TEST(BuiltinEmbeddingsTest, CountWordsAndTokenIdsAsTokens) {
  EXPECT_EQ(Embed(R"("input":["one two  three\n","four", " "])").tokens(), 5);
  EXPECT_EQ(Embed(R"("input":[9,9,9])").tokens(), 3);
}

std::string Batch(std::size_t inputs) {
  std::string list = R"("input":[)";
  for (std::size_t i = 0; i < inputs; ++i) {
    list.append(i == 0 ? "" : ",").append("\"").append(std::to_string(i)).append("\"");
  }
  return list + R"(],"dimensions":8)";
}

TEST(BuiltinEmbeddingsTest, TakeAtMost2048Inputs) {
  const Answer most = Embed(Batch(2048));
  ASSERT_EQ(most.data().size(), 2048U);
  EXPECT_EQ(IntMember(most.data()[2047], "index"), 2047);
  EXPECT_EQ(Floats(most, 2047), HashEmbedder(8).Embed("2047"));
  const Answer more = Embed(Batch(2049));
  EXPECT_EQ(more.status, 400);
  EXPECT_EQ(more.param(), "input");
}

TEST(BuiltinEmbeddingsTest, NameTheFieldThatIsWrong) {
  const struct {
    std::string members;
    std::string param;
  } cases[] = {
      {R"("user":"u")", "input"},
      {R"("input":null)", "input"},
      {R"("input":"")", "input"},
      {R"("input":[])", "input"},
      {R"("input":[[]])", "input"},
      {R"("input":["a",""])", "input"},
      {R"("input":["a",[1]])", "input"},
      {R"("input":[1,"a"])", "input"},
      {R"("input":[-1])", "input"},
      {R"("input":[1.5])", "input"},
      {R"("input":{"text":"a"})", "input"},
      {R"("input":7)", "input"},
      {R"("input":[null])", "input"},
      {R"("input":"a","dimensions":0)", "dimensions"},
      {R"("input":"a","dimensions":385)", "dimensions"},
      {R"("input":"a","dimensions":1.5)", "dimensions"},
      {R"("input":"a","dimensions":"8")", "dimensions"},
      {R"("input":"a","encoding_format":"int8")", "encoding_format"},
      {R"("input":"a","encoding_format":1)", "encoding_format"},
  };
  for (const auto& test : cases) {
    const Answer answer = Embed(test.members);
    EXPECT_EQ(answer.status, 400) << test.members;
    EXPECT_EQ(answer.param(), test.param) << test.members;
  }
}

}  // namespace
}  // namespace larder
