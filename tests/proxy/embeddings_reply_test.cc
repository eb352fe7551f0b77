#include "proxy/openai/embeddings_reply.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <numeric>

#include "base/base64.h"
#include "tests/support/proxy_fixture.h"
#include "tests/support/vector_samples.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string ListReply(const std::string& values) {
  return R"({"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":)" +
         values + R"(}],"usage":{"prompt_tokens":5,"total_tokens":5}})";
}

ParsedEmbeddings Parsed(std::string_view body, const std::vector<std::size_t>& weights = {1}) {
  auto parsed = ParseEmbeddingsReply(body, weights);
  EXPECT_TRUE(parsed.ok()) << body;
  return parsed.ok() ? std::move(parsed).value() : ParsedEmbeddings{};
}

std::string Rendered(const EmbeddingEntry& entry, EncodingFormat encoding) {
  return RenderEmbeddingsReply({std::make_shared<const EmbeddingEntry>(entry)}, encoding);
}

std::string Base64Of(const std::vector<float>& values) {
  std::string out;
  AppendBase64({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)}, out);
  return out;
}

// --- Values ---

TEST(EmbeddingsReplyTest, GivesBackTheSameNumbersInBothEncodings) {
  const struct {
    const char* name;
    const char* values;
    bool float32;
  } kCases[] = {
      {"float32 in full", "[0.10000000149011612,-0.30000001192092896]", true},
      {"float32 in full, dyadic", "[0.5,-0.25,1,0]", true},
      {"float32 in shortest form", "[0.1,-0.3,3.4028235e+38,1e-45]", true},
      {"float64", "[0.1234567890123456,-2.718281828459045]", false},
      {"a mix of full and shortest", "[0.1,0.10000000149011612]", false},
      {"whole numbers", "[1,-2,127]", true},
      {"one value that float32 cannot hold", "[0.5,16777217]", false},
      {"a tiny float64", "[1e-300,0.5]", false},
      {"negative zero", "[-0.0,0.5]", true},
  };
  for (const auto& c : kCases) {
    const std::string reply = ListReply(c.values);
    const EmbeddingEntry entry = Parsed(reply).entries[0];
    EXPECT_EQ(entry.float64.empty(), c.float32) << c.name;
    const auto sent = VectorsOf(reply)[0];
    const auto as_float = VectorsOf(Rendered(entry, EncodingFormat::kFloat))[0];
    EXPECT_EQ(as_float, sent) << c.name;
    const auto as_base64 = VectorsOf(Rendered(entry, EncodingFormat::kBase64))[0];
    ASSERT_EQ(as_base64.size(), sent.size()) << c.name;
    for (std::size_t i = 0; i < sent.size(); ++i) {
      EXPECT_EQ(static_cast<float>(as_base64[i]), static_cast<float>(sent[i])) << c.name;
    }
  }
}

TEST(EmbeddingsReplyTest, KeepsRandomFloat32BitForBitWhicheverFormCameAndGoes) {
  VectorSamples samples(5);
  for (int round = 0; round < 50; ++round) {
    std::vector<float> vector = samples.Random(33);
    for (float& value : vector) value *= std::ldexp(1.0F, static_cast<int>(samples.Below(60)) - 40);
    std::string full = "[";
    std::string shortest = "[";
    for (std::size_t i = 0; i < vector.size(); ++i) {
      char text[64];
      std::snprintf(text, sizeof(text), "%s%.17g", i > 0 ? "," : "",
                    static_cast<double>(vector[i]));
      full += text;
      std::snprintf(text, sizeof(text), "%s%.9g", i > 0 ? "," : "", static_cast<double>(vector[i]));
      shortest += text;
    }
    for (const std::string& values : {full + "]", shortest + "]", "\"" + Base64Of(vector) + "\""}) {
      const EmbeddingEntry entry = Parsed(ListReply(values)).entries[0];
      for (const auto encoding : {EncodingFormat::kFloat, EncodingFormat::kBase64}) {
        const auto out = VectorsOf(Rendered(entry, encoding))[0];
        ASSERT_EQ(out.size(), vector.size());
        for (std::size_t i = 0; i < out.size(); ++i) {
          const auto narrow = static_cast<float>(out[i]);
          EXPECT_EQ(std::memcmp(&narrow, &vector[i], sizeof(float)), 0) << values;
        }
      }
    }
  }
}

TEST(EmbeddingsReplyTest, WritesAShortestFormValueAsItCame) {
  EXPECT_THAT(Rendered(Parsed(ListReply("[0.1,-0.3]")).entries[0], EncodingFormat::kFloat),
              HasSubstr("[0.1,-0.3]"));
}

TEST(EmbeddingsReplyTest, WritesBase64OfTheLittleEndianFloat32) {
  const EmbeddingEntry entry = Parsed(ListReply("[0.5,-2]")).entries[0];
  EXPECT_THAT(Rendered(entry, EncodingFormat::kBase64), HasSubstr("\"AAAAPwAAAMA=\""));
}

// --- What is refused ---

TEST(EmbeddingsReplyTest, RefusesWhatIsNotOneFiniteVectorForEachInput) {
  const struct {
    const char* name;
    std::string body;
    std::size_t inputs;
  } kCases[] = {
      {"HTML", "<html>busy</html>", 1},
      {"nothing", "", 1},
      {"cut off", R"({"data":[{"embedding":[1,2)", 1},
      {"an array", "[]", 1},
      {"an error object", R"({"error":{"message":"m"},"data":[{"embedding":[1]}]})", 1},
      {"an error text", R"({"error":"m","data":[{"embedding":[1]}]})", 1},
      {"no data", R"({"object":"list"})", 1},
      {"data that is no list", R"({"data":{}})", 1},
      {"no item", R"({"data":[]})", 1},
      {"one too few", R"({"data":[{"embedding":[1]}]})", 2},
      {"one too many", R"({"data":[{"embedding":[1]},{"embedding":[1]}]})", 1},
      {"an item that is no object", R"({"data":[1]})", 1},
      {"no embedding", R"({"data":[{"index":0}]})", 1},
      {"a null embedding", R"({"data":[{"embedding":null}]})", 1},
      {"an empty vector", ListReply("[]"), 1},
      {"an empty base64 vector", ListReply("\"\""), 1},
      {"NaN", ListReply("[NaN]"), 1},
      {"Infinity", ListReply("[Infinity]"), 1},
      {"1e400", ListReply("[1e400]"), 1},
      {"a text among the values", ListReply(R"([1,"2"])"), 1},
      {"null among the values", ListReply("[1,null]"), 1},
      {"a flag among the values", ListReply("[true]"), 1},
      {"nested lists", ListReply("[[1]]"), 1},
      {"no base64", ListReply("\"!!!!\""), 1},
      {"three bytes of base64", ListReply("\"AAAA\""), 1},
      {"base64 of five bytes", ListReply("\"AAAAPwA=\""), 1},
      {"base64 of NaN", ListReply("\"AADAfw==\""), 1},
      {"base64 of infinity", ListReply("\"AACAfw==\""), 1},
      {"differing lengths", R"({"data":[{"embedding":[1]},{"embedding":[1,2]}]})", 2},
      {"a doubled index", R"({"data":[{"index":1,"embedding":[1]},{"index":1,"embedding":[2]}]})",
       2},
      {"an index past the end",
       R"({"data":[{"index":0,"embedding":[1]},{"index":2,"embedding":[2]}]})", 2},
      {"a negative index", R"({"data":[{"index":0,"embedding":[1]},{"index":-1,"embedding":[2]}]})",
       2},
      {"a textual index",
       R"({"data":[{"index":"0","embedding":[1]},{"index":"1","embedding":[2]}]})", 2},
      {"a broken index", R"({"data":[{"index":0.5,"embedding":[1]}]})", 1},
      {"an index on some items only", R"({"data":[{"embedding":[1]},{"index":1,"embedding":[2]}]})",
       2},
  };
  for (const auto& c : kCases) {
    const auto parsed = ParseEmbeddingsReply(c.body, std::vector<std::size_t>(c.inputs, 1));
    ASSERT_FALSE(parsed.ok()) << c.name;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidReply) << c.name;
    EXPECT_EQ(parsed.error().origin, ErrorOrigin::kUpstream) << c.name;
  }
}

TEST(EmbeddingsReplyTest, OrdersItemsByIndexAndWithoutAnyByPlace) {
  const auto by_index =
      Parsed(R"({"data":[{"index":1,"embedding":[1]},{"index":0,"embedding":[0]}]})", {1, 1});
  EXPECT_EQ(by_index.entries[0].float32, std::vector<float>{0});
  const auto by_place = Parsed(R"({"data":[{"embedding":[0]},{"embedding":[1]}]})", {1, 1});
  EXPECT_EQ(by_place.entries[1].float32, std::vector<float>{1});
}

TEST(EmbeddingsReplyTest, TakesANullErrorForNoError) {
  EXPECT_EQ(Parsed(R"({"error":null,"data":[{"embedding":[1]}]})").entries.size(), 1U);
}

// --- Usage ---

TEST(SplitExactlyTest, GivesPartsThatAddUpWhateverTheWeights) {
  VectorSamples samples(11);
  for (int round = 0; round < 500; ++round) {
    std::vector<std::size_t> weights(1 + samples.Below(40));
    for (std::size_t& weight : weights) weight = 1 + samples.Below(round % 2 == 0 ? 5 : 1'000'000);
    const auto total = static_cast<std::int64_t>(samples.Below(2'000'000));
    const auto parts = SplitExactly(total, weights);
    ASSERT_EQ(parts.size(), weights.size());
    EXPECT_EQ(std::accumulate(parts.begin(), parts.end(), std::int64_t{0}), total);
    const auto sum = std::accumulate(weights.begin(), weights.end(), std::size_t{0});
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const double exact =
          static_cast<double>(total) * static_cast<double>(weights[i]) / static_cast<double>(sum);
      EXPECT_LT(std::abs(static_cast<double>(parts[i]) - exact), 1.0);
    }
  }
}

TEST(SplitExactlyTest, GivesTheLargestRemaindersMoreAndTiesToTheEarlier) {
  EXPECT_EQ(SplitExactly(10, {1, 1, 1}), (std::vector<std::int64_t>{4, 3, 3}));
  EXPECT_EQ(SplitExactly(1, {1, 1}), (std::vector<std::int64_t>{1, 0}));
  EXPECT_EQ(SplitExactly(7, {1, 5, 1}), (std::vector<std::int64_t>{1, 5, 1}));
  EXPECT_EQ(SplitExactly(0, {3, 4}), (std::vector<std::int64_t>{0, 0}));
}

TEST(SplitExactlyTest, IsExactForTheLargestTotals) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const auto parts = SplitExactly(kMost, {1, 2, std::size_t{1} << 40});
  EXPECT_EQ(parts[0] + parts[1] + parts[2], kMost);
}

TEST(EmbeddingsReplyTest, ReadsUsageInEveryForm) {
  const struct {
    const char* name;
    const char* usage;
    std::int64_t prompt;
    std::int64_t total;
  } kCases[] = {
      {"both", R"("usage":{"prompt_tokens":5,"total_tokens":7},)", 5, 7},
      {"prompt alone", R"("usage":{"prompt_tokens":5},)", 5, 5},
      {"total alone", R"("usage":{"total_tokens":7},)", 7, 7},
      {"none", "", -1, -1},
      {"null", R"("usage":null,)", -1, -1},
      {"empty", R"("usage":{},)", -1, -1},
      {"text", R"("usage":{"prompt_tokens":"5"},)", -1, -1},
      {"negative", R"("usage":{"prompt_tokens":-5,"total_tokens":-5},)", -1, -1},
      {"absurd", R"("usage":{"prompt_tokens":9223372036854775807},)", -1, -1},
  };
  for (const auto& c : kCases) {
    const auto parsed = Parsed("{" + std::string(c.usage) + R"("data":[{"embedding":[1]}]})");
    EXPECT_EQ(parsed.prompt_tokens, c.prompt) << c.name;
    EXPECT_EQ(parsed.total_tokens, c.total) << c.name;
    EXPECT_EQ(parsed.entries[0].prompt_tokens, c.prompt) << c.name;
    EXPECT_EQ(parsed.entries[0].total_tokens, c.total) << c.name;
  }
}

TEST(EmbeddingsReplyTest, RendersTheSumOfWhatTheEntriesCost) {
  EmbeddingEntry entry;
  entry.float32 = {1};
  entry.model = "a \"model\"";
  entry.prompt_tokens = 3;
  entry.total_tokens = 4;
  const auto pointer = std::make_shared<const EmbeddingEntry>(entry);
  const std::string body = RenderEmbeddingsReply({pointer, pointer}, EncodingFormat::kFloat);
  EXPECT_EQ(body, R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[1]},)"
                  R"({"object":"embedding","index":1,"embedding":[1]}],"model":"a \"model\"",)"
                  R"("usage":{"prompt_tokens":6,"total_tokens":8}})");
  entry.total_tokens = entry.prompt_tokens = -1;
  EXPECT_THAT(Rendered(entry, EncodingFormat::kFloat), Not(HasSubstr("usage")));
}

}  // namespace
}  // namespace larder
