#include "proxy/openai/answer_form.h"

#include <gtest/gtest.h>

#include "proxy/upstream/builtin/builtin_upstream.h"
#include "tests/proxy/answer_forms.h"

namespace larder {
namespace {

constexpr Endpoint kStreamed[] = {Endpoint::kChat, Endpoint::kCompletions, Endpoint::kResponses,
                                  Endpoint::kMessages};

TEST(AnswerFormTest, AWholeAnswerIsGivenWholeByteForByte) {
  const std::string odd = " { \"n\" : 1.0e0 }\r\n";
  for (const Endpoint endpoint :
       {Endpoint::kChat, Endpoint::kResponses, Endpoint::kModerations, Endpoint::kModels}) {
    EXPECT_EQ(RenderAnswer(endpoint, odd, false, AnswerForm::kFull), odd);
  }
}

TEST(AnswerFormTest, WhatIsNeverStreamedHasNoStream) {
  for (const Endpoint endpoint : {Endpoint::kModerations, Endpoint::kModels}) {
    EXPECT_EQ(RenderAnswer(endpoint, "{}", false, AnswerForm::kStream), std::nullopt);
    EXPECT_EQ(RenderAnswer(endpoint, "data: {}\n\n", true, AnswerForm::kFull), std::nullopt);
  }
}

TEST(AnswerFormTest, AStreamThatAlwaysTellsItsUsageIsGivenAsAStreamByteForByte) {
  const std::string stream = ": hi\r\nevent: x\r\ndata: {\"usage\":null}\r\n\r\ndata: odd";
  for (const Endpoint endpoint : {Endpoint::kResponses, Endpoint::kMessages}) {
    EXPECT_EQ(RenderAnswer(endpoint, stream, true, AnswerForm::kStream), stream);
    EXPECT_EQ(RenderAnswer(endpoint, stream, true, AnswerForm::kStreamWithUsage), stream);
  }
}

TEST(AnswerFormTest, WhatIsNotUnderstoodHasNoOtherForm) {
  for (const Endpoint endpoint : kStreamed) {
    for (const char* stored :
         {"", " ", "{", "[]", "7", "null", "{}", "data: [DONE]\n\n", "data: {\n\n",
          "data: []\n\ndata: [DONE]\n\n", "data: {}\n\ndata: [DONE]\n\n", "hello\n\n",
          "{\"choices\":[]}", "{\"choices\":7}", "{\"output\":{}}", "{\"content\":\"a\"}",
          "data: {\"choices\":[]}\n\n", "data: {\"type\":\"response.completed\"}\n\n",
          "data: {\"type\":\"message_start\"}\n\n"}) {
      EXPECT_EQ(RenderAnswer(endpoint, stored, true, AnswerForm::kFull), std::nullopt) << stored;
      EXPECT_EQ(RenderAnswer(endpoint, stored, false, AnswerForm::kStream), std::nullopt) << stored;
    }
  }
}

TEST(AnswerFormTest, HalfACharacterWithoutItsOtherHalfIsNotGivenOut) {
  EXPECT_EQ(WholeOf(Endpoint::kChat,
                    StreamOf({R"({"choices":[{"index":0,"delta":{"content":"\ud83d"}}]})",
                              R"({"choices":[{"index":0,"delta":{"content":"x"}}]})", "[DONE]"})),
            "none");
}

TEST(AnswerFormTest, AHugeNumberOfPartsOrARepeatedHugeNameIsRefusedQuickly) {
  std::string parts = "{}";
  for (int i = 0; i < 20'000; ++i) parts += ",{}";
  const std::string name = "\"" + std::string(100'000, 'x') + "\"";
  const std::string wholes[] = {
      "{\"id\":" + name + ",\"choices\":[" + parts + "]}",
      "{\"id\":" + name + ",\"choices\":[{\"message\":{\"tool_calls\":[" + parts + "]}}]}",
      "{\"output\":[{\"type\":\"message\",\"id\":" + name + ",\"content\":[" + parts + "]}]}",
      "{\"output\":[{\"type\":\"reasoning\",\"id\":" + name + ",\"summary\":[" + parts + "]}]}",
  };
  for (const std::string& whole : wholes) {
    const Endpoint endpoint =
        whole.find("choices") != std::string::npos ? Endpoint::kChat : Endpoint::kResponses;
    EXPECT_EQ(RenderAnswer(endpoint, whole, false, AnswerForm::kStream), std::nullopt);
  }
}

// The stand-in answers the same question whole and as a stream, each written for itself.
class AnswerFormOfBuiltinTest : public testing::Test {
 protected:
  static std::string Ask(const std::string& path, const std::string& members) {
    BuiltinUpstream upstream;
    auto reply = upstream.Send({.method = "POST",
                                .path_and_query = path,
                                .headers = {},
                                .body = R"({"model":"larder-echo",)" + members + "}"});
    EXPECT_TRUE(reply.ok());
    return *ReadWhole(*reply->body, 1U << 30, MonoTime::max());
  }
  struct Question {
    Endpoint endpoint;
    std::string path;
    std::string members;
  };
  static std::vector<Question> Questions() {
    const std::string say = R"("messages":[{"role":"user","content":"h\u00e9llo \"big\" world"}])";
    return {{Endpoint::kChat, "/chat/completions", say},
            {Endpoint::kChat, "/chat/completions", say + R"(,"n":3,"max_tokens":1)"},
            {Endpoint::kCompletions, "/completions", R"("prompt":"some words here")"},
            {Endpoint::kResponses, "/responses", R"("input":"some words here")"}};
  }
};

TEST_F(AnswerFormOfBuiltinTest, ItsStreamMakesItsWholeAnswer) {
  for (const Question& q : Questions()) {
    const std::string stream =
        Ask(q.path, q.members + R"(,"stream":true,"stream_options":{"include_usage":true})");
    EXPECT_EQ(Canonical(WholeOf(q.endpoint, stream)), Canonical(Ask(q.path, q.members)));
  }
}

TEST_F(AnswerFormOfBuiltinTest, ItsStreamWithoutUsageIsItsStreamWithUsageStripped) {
  for (const Question& q : Questions()) {
    const std::string with =
        Ask(q.path, q.members + R"(,"stream":true,"stream_options":{"include_usage":true})");
    const std::string without = Ask(q.path, q.members + R"(,"stream":true)");
    EXPECT_EQ(RenderAnswer(q.endpoint, with, true, AnswerForm::kStream), without);
    EXPECT_EQ(RenderAnswer(q.endpoint, with, true, AnswerForm::kStreamWithUsage), with);
    EXPECT_EQ(RenderAnswer(q.endpoint, without, true, AnswerForm::kStream), without);
  }
}

TEST_F(AnswerFormOfBuiltinTest, ItsWholeAnswerMakesAStreamThatMakesItAgain) {
  for (const Question& q : Questions()) {
    ExpectRoundTrip(q.endpoint, Ask(q.path, q.members), AnswerForm::kStreamWithUsage);
  }
}

}  // namespace
}  // namespace larder
