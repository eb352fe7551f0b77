#include "proxy/openai/usage.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(UsageTest, IsReadInEverySpelling) {
  const struct {
    const char* name;
    const char* json;
    std::int64_t prompt;
    std::int64_t completion;
  } kCases[] = {
      {"chat", R"({"usage":{"prompt_tokens":3,"completion_tokens":4}})", 3, 4},
      {"responses", R"({"usage":{"input_tokens":3,"output_tokens":4}})", 3, 4},
      {"a responses event", R"({"response":{"usage":{"input_tokens":3,"output_tokens":4}}})", 3, 4},
      {"a messages event", R"({"message":{"usage":{"input_tokens":3}}})", 3, -1},
      {"zero", R"({"usage":{"prompt_tokens":0,"completion_tokens":0}})", 0, 0},
      {"one of them", R"({"usage":{"completion_tokens":4}})", -1, 4},
      {"an empty response beside it",
       R"({"response":{},"usage":{"prompt_tokens":1,"completion_tokens":2}})", 1, 2},
      {"none", R"({"choices":[]})", -1, -1},
      {"null", R"({"usage":null})", -1, -1},
      {"no object", R"({"usage":[1]})", -1, -1},
      {"text", R"({"usage":{"prompt_tokens":"3"}})", -1, -1},
      {"negative", R"({"usage":{"prompt_tokens":-3,"completion_tokens":-1}})", -1, -1},
      {"absurd", R"({"usage":{"prompt_tokens":9223372036854775807,"completion_tokens":1}})", -1, 1},
      {"no object at all", "[]", -1, -1},
  };
  for (const auto& c : kCases) {
    const auto document = JsonDocument::Parse(c.json);
    ASSERT_TRUE(document.ok());
    const TokenUsage usage = UsageOf(document->root());
    EXPECT_EQ(usage.prompt, c.prompt) << c.name;
    EXPECT_EQ(usage.completion, c.completion) << c.name;
  }
}

TEST(UsageTest, SurvivesDeepNesting) {
  std::string json;
  for (int i = 0; i < 200; ++i) json += R"({"response":)";
  json += R"({"usage":{"prompt_tokens":1}})" + std::string(200, '}');
  EXPECT_EQ(UsageOf(JsonDocument::Parse(json)->root()).prompt, 1);
}

}  // namespace
}  // namespace larder
