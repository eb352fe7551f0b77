#include "proxy/openai/response_policy.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

ResponseRequest Parsed(Endpoint endpoint, std::string_view body,
                       const ResponsePolicyOptions& options = {}) {
  auto request = ParseResponseRequest(endpoint, body, options);
  EXPECT_TRUE(request.ok()) << body;
  return request.ok() ? std::move(request).value() : ResponseRequest{};
}

TEST(EndpointOfTest, IsACachedOneForExactlyItsMethodAndPath) {
  const struct {
    const char* method;
    const char* path;
    Endpoint endpoint;
  } kCases[] = {
      {"POST", "/embeddings", Endpoint::kEmbeddings},
      {"POST", "/chat/completions", Endpoint::kChat},
      {"POST", "/completions", Endpoint::kCompletions},
      {"POST", "/moderations", Endpoint::kModerations},
      {"POST", "/responses", Endpoint::kResponses},
      {"POST", "/messages", Endpoint::kMessages},
      {"GET", "/models", Endpoint::kModels},
      {"GET", "/models/m", Endpoint::kModels},
      {"GET", "/models/org/m", Endpoint::kModels},
      {"GET", "/embeddings", Endpoint::kOther},
      {"PUT", "/chat/completions", Endpoint::kOther},
      {"POST", "/models", Endpoint::kOther},
      {"DELETE", "/models/m", Endpoint::kOther},
      {"HEAD", "/models", Endpoint::kOther},
      {"POST", "/embeddings/", Endpoint::kOther},
      {"POST", "/chat/completions/c", Endpoint::kOther},
      {"POST", "/responses/r/cancel", Endpoint::kOther},
      {"POST", "/messages/count_tokens", Endpoint::kOther},
      {"POST", "/messages/batches", Endpoint::kOther},
      {"GET", "/messages", Endpoint::kOther},
      {"GET", "/modelsx", Endpoint::kOther},
      {"post", "/embeddings", Endpoint::kOther},
      {"POST", "", Endpoint::kOther},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(EndpointOf(c.method, c.path), c.endpoint) << c.method << " " << c.path;
  }
}

TEST(EndpointNameTest, IsBoundedAndOneForEach) {
  EXPECT_EQ(EndpointName(Endpoint::kChat), "chat");
  EXPECT_EQ(EndpointName(Endpoint::kOther), "other");
  EXPECT_EQ(EndpointName(Endpoint::kResponses), "responses");
  EXPECT_EQ(EndpointName(Endpoint::kMessages), "messages");
}

struct PolicyCase {
  const char* name;
  Endpoint endpoint;
  const char* body;
  const char* why;  // "" when it may be kept
  bool sampled = true;
};
void PrintTo(const PolicyCase& c, std::ostream* out) {
  *out << c.name;
}

class ResponsePolicyTest : public testing::TestWithParam<PolicyCase> {};
TEST_P(ResponsePolicyTest, KeepsOnlyWhatDependsOnTheRequestAlone) {
  ResponsePolicyOptions options;
  options.sampled = GetParam().sampled;
  EXPECT_EQ(Parsed(GetParam().endpoint, GetParam().body, options).uncacheable, GetParam().why);
}
INSTANTIATE_TEST_SUITE_P(
    Rules, ResponsePolicyTest,
    testing::Values(
        PolicyCase{"Plain", Endpoint::kChat, R"({"model":"m"})", ""},
        PolicyCase{"FunctionTool", Endpoint::kChat,
                   R"({"tools":[{"type":"function","function":{"name":"f"}}]})", ""},
        PolicyCase{"CustomTool", Endpoint::kResponses,
                   R"({"tools":[{"type":"custom","name":"f"}]})", ""},
        PolicyCase{"ToolWithoutTypeThatIsAFunction", Endpoint::kChat,
                   R"({"tools":[{"function":{"name":"f"}}]})", ""},
        PolicyCase{"NoTools", Endpoint::kChat, R"({"tools":[]})", ""},
        PolicyCase{"NullTools", Endpoint::kChat, R"({"tools":null})", ""},
        PolicyCase{"WebSearch", Endpoint::kResponses, R"({"tools":[{"type":"web_search"}]})",
                   "built-in-tool"},
        PolicyCase{"WebSearchPreview", Endpoint::kResponses,
                   R"({"tools":[{"type":"function"},{"type":"web_search_preview"}]})",
                   "built-in-tool"},
        PolicyCase{"CodeInterpreter", Endpoint::kResponses,
                   R"({"tools":[{"type":"code_interpreter"}]})", "built-in-tool"},
        PolicyCase{"ComputerUse", Endpoint::kResponses,
                   R"({"tools":[{"type":"computer_use_preview"}]})", "built-in-tool"},
        PolicyCase{"Mcp", Endpoint::kResponses, R"({"tools":[{"type":"mcp"}]})", "built-in-tool"},
        PolicyCase{"FileSearch", Endpoint::kResponses, R"({"tools":[{"type":"file_search"}]})",
                   "built-in-tool"},
        PolicyCase{"ImageGeneration", Endpoint::kResponses,
                   R"({"tools":[{"type":"image_generation"}]})", "built-in-tool"},
        PolicyCase{"LocalShell", Endpoint::kResponses, R"({"tools":[{"type":"local_shell"}]})",
                   "built-in-tool"},
        PolicyCase{"UnheardOfTool", Endpoint::kResponses, R"({"tools":[{"type":"new"}]})",
                   "built-in-tool"},
        PolicyCase{"ToolOfNoKnownShape", Endpoint::kChat, R"({"tools":[{"google_search":{}}]})",
                   "built-in-tool"},
        PolicyCase{"ToolThatIsNoObject", Endpoint::kChat, R"({"tools":["web_search"]})",
                   "built-in-tool"},
        PolicyCase{"WebSearchOptions", Endpoint::kChat, R"({"web_search_options":{}})",
                   "built-in-tool"},
        PolicyCase{"NullWebSearchOptions", Endpoint::kChat, R"({"web_search_options":null})", ""},
        PolicyCase{"SearchModel", Endpoint::kChat,
                   R"({"model":"gpt-4o-search-preview-2025-03-11"})", "built-in-tool"},
        PolicyCase{"SearchApiModel", Endpoint::kChat, R"({"model":"openai/gpt-5-search-api"})",
                   "built-in-tool"},
        PolicyCase{"DeepResearchModel", Endpoint::kResponses, R"({"model":"o3-deep-research"})",
                   "built-in-tool"},
        PolicyCase{"OnlineModel", Endpoint::kChat, R"({"model":"openai/gpt-4o:online"})",
                   "built-in-tool"},
        PolicyCase{"ModelWithSearchInItsName", Endpoint::kChat, R"({"model":"research-search"})",
                   ""},
        PolicyCase{"Plugins", Endpoint::kChat, R"({"plugins":[{"id":"web"}]})", "built-in-tool"},
        PolicyCase{"NoPlugins", Endpoint::kChat, R"({"plugins":[]})", ""},
        PolicyCase{"SearchParameters", Endpoint::kChat, R"({"search_parameters":{"mode":"auto"}})",
                   "built-in-tool"},
        PolicyCase{"SearchTurnedOff", Endpoint::kChat, R"({"search_parameters":{"mode":"off"}})",
                   ""},
        PolicyCase{"EnableSearch", Endpoint::kChat, R"({"enable_search":true})", "built-in-tool"},
        PolicyCase{"NoEnableSearch", Endpoint::kChat, R"({"enable_search":false})", ""},
        PolicyCase{"Audio", Endpoint::kChat,
                   R"({"modalities":["text","audio"],"audio":{"voice":"v"}})", ""},
        PolicyCase{"Message", Endpoint::kMessages, R"({"model":"m","max_tokens":9})", ""},
        PolicyCase{"MessageToolOfTheCaller", Endpoint::kMessages,
                   R"({"tools":[{"name":"f","input_schema":{}},{"type":"custom","name":"g"}]})",
                   ""},
        PolicyCase{"MessageToolOfTheServer", Endpoint::kMessages,
                   R"({"tools":[{"type":"web_search_20250305","name":"web_search"}]})",
                   "built-in-tool"},
        PolicyCase{"McpServers", Endpoint::kMessages, R"({"mcp_servers":[{"type":"url"}]})",
                   "built-in-tool"},
        PolicyCase{"NoMcpServers", Endpoint::kMessages, R"({"mcp_servers":[]})", ""},
        PolicyCase{"Container", Endpoint::kMessages, R"({"container":"c"})", "container"},
        PolicyCase{"NullContainer", Endpoint::kMessages, R"({"container":null})", ""},
        PolicyCase{"MessageSampledByDefault", Endpoint::kMessages, "{}", "sampled", false},
        PolicyCase{"Conversation", Endpoint::kResponses, R"({"conversation":"conv_1"})",
                   "conversation"},
        PolicyCase{"ConversationObject", Endpoint::kResponses, R"({"conversation":{"id":"c"}})",
                   "conversation"},
        PolicyCase{"NullConversation", Endpoint::kResponses, R"({"conversation":null})", ""},
        PolicyCase{"Background", Endpoint::kResponses, R"({"background":true})", "background"},
        PolicyCase{"NoBackground", Endpoint::kResponses, R"({"background":false})", ""},
        PolicyCase{"PreviousResponse", Endpoint::kResponses, R"({"previous_response_id":"r"})", ""},
        PolicyCase{"Stored", Endpoint::kResponses, R"({"store":true})", ""},
        PolicyCase{"NotStored", Endpoint::kResponses, R"({"store":false})", ""},
        PolicyCase{"PromptTemplate", Endpoint::kResponses, R"({"prompt":{"id":"pmpt_1"}})",
                   "prompt-template"},
        PolicyCase{"Prompt", Endpoint::kCompletions, R"({"prompt":"a"})", ""},
        PolicyCase{"SampledByDefault", Endpoint::kChat, "{}", "sampled", false},
        PolicyCase{"SampledAtOne", Endpoint::kChat, R"({"temperature":1})", "sampled", false},
        PolicyCase{"SampledALittle", Endpoint::kChat, R"({"temperature":1e-9})", "sampled", false},
        PolicyCase{"Greedy", Endpoint::kChat, R"({"temperature":0})", "", false},
        PolicyCase{"GreedyAsDouble", Endpoint::kResponses, R"({"temperature":0.0})", "", false},
        PolicyCase{"TemperatureAsText", Endpoint::kChat, R"({"temperature":"0"})", "sampled",
                   false},
        PolicyCase{"ModerationsAreNotSampled", Endpoint::kModerations, "{}", "", false}),
    [](const auto& info) { return info.param.name; });

TEST(ParseResponseRequestTest, TellsTheFormAskedFor) {
  const struct {
    const char* body;
    std::string_view form;
    bool stream;
  } kCases[] = {
      {"{}", "full", false},
      {R"({"stream":null})", "full", false},
      {R"({"stream":false})", "full", false},
      {R"({"stream":false,"stream_options":{"include_usage":true}})", "full", false},
      {R"({"stream":true})", "stream", true},
      {R"({"stream":true,"stream_options":null})", "stream", true},
      {R"({"stream":true,"stream_options":{"include_usage":false}})", "stream", true},
      {R"({"stream":true,"stream_options":{"include_usage":true}})", "stream+usage", true},
  };
  for (const auto& c : kCases) {
    const auto request = Parsed(Endpoint::kChat, c.body);
    EXPECT_EQ(AnswerFormName(request.form), c.form) << c.body;
    EXPECT_EQ(request.stream, c.stream) << c.body;
    EXPECT_EQ(request.canonical_body, "{}") << c.body;
  }
}

TEST(ParseResponseRequestTest, LeavesOutOfTheKeyWhatHasNoEffect) {
  const auto request =
      Parsed(Endpoint::kChat, R"({"b":1.0,"user":"u","metadata":{"a":1},"safety_identifier":"s",
          "prompt_cache_key":"k","stream":true,"model":"m","a":{"user":"counts"}})");
  EXPECT_EQ(request.canonical_body, R"({"a":{"user":"counts"},"b":1,"model":"m"})");
  EXPECT_EQ(request.model, "m");
}

TEST(ParseResponseRequestTest, UsageIsAFormOfItsOwnWhereStreamsTellItOnRequestAlone) {
  const char* body = R"({"stream":true,"stream_options":{"include_usage":true}})";
  EXPECT_EQ(Parsed(Endpoint::kCompletions, body).form, AnswerForm::kStreamWithUsage);
  EXPECT_EQ(Parsed(Endpoint::kResponses, body).form, AnswerForm::kStream);
  EXPECT_EQ(Parsed(Endpoint::kMessages, body).form, AnswerForm::kStream);
}

TEST(ParseResponseRequestTest, NoOptionOfAStreamCountsForTheKey) {
  for (const char* body : {R"({"stream":true,"stream_options":{"include_obfuscation":false}})",
                           R"({"stream":false,"stream_options":{"include_usage":true}})",
                           R"({"stream_options":{}})"}) {
    EXPECT_EQ(Parsed(Endpoint::kChat, body).canonical_body, "{}") << body;
  }
}

TEST(ParseResponseRequestTest, WhatAResponseGoesOnFromAndWhetherItIsKeptCountForTheKey) {
  EXPECT_EQ(
      Parsed(Endpoint::kResponses, R"({"store":true,"previous_response_id":"r"})").canonical_body,
      R"({"previous_response_id":"r","store":true})");
}

TEST(ParseResponseRequestTest, RefusesAMalformedBody) {
  const struct {
    const char* body;
    const char* param;
  } kCases[] = {{"", ""},
                {"{", ""},
                {"[]", ""},
                {"\"a\"", ""},
                {"{} {}", ""},
                {R"({"a":1,"a":1})", "a"},
                {R"({"model":"m","mod\u0065l":"n"})", "model"},
                {R"({"stream":"true"})", "stream"},
                {R"({"stream":1})", "stream"}};
  for (const auto& c : kCases) {
    const auto request = ParseResponseRequest(Endpoint::kChat, c.body, {});
    ASSERT_FALSE(request.ok()) << c.body;
    EXPECT_EQ(request.error().code, ErrorCode::kInvalidArgument) << c.body;
    EXPECT_EQ(request.error().param, c.param) << c.body;
  }
}

TEST(ParseResponseRequestTest, IgnoresTheBodyOfGet) {
  const auto request = Parsed(Endpoint::kModels, "not JSON");
  EXPECT_EQ(request.canonical_body, "");
  EXPECT_EQ(request.form, AnswerForm::kFull);
}

TEST(LifetimeOfTest, IsShorterForTheModels) {
  const ResponsePolicyOptions options;
  EXPECT_EQ(LifetimeOf(Endpoint::kModels, options), std::chrono::seconds(300));
  EXPECT_EQ(LifetimeOf(Endpoint::kChat, options), std::chrono::seconds(3600));
}

TEST(JudgeReplyTest, StoresOnlyAnAnswer) {
  const struct {
    const char* name;
    Endpoint endpoint;
    const char* body;
    bool storable;
  } kCases[] = {
      {"text", Endpoint::kChat, R"({"choices":[{"message":{"content":"a"}}]})", true},
      {"a tool call", Endpoint::kChat,
       R"({"choices":[{"message":{"content":null,"tool_calls":[{"id":"c"}]}}]})", true},
      {"a refusal", Endpoint::kChat, R"({"choices":[{"message":{"content":null,"refusal":"no"}}]})",
       true},
      {"audio", Endpoint::kChat, R"({"choices":[{"message":{"content":null,"audio":{"id":"a"}}}]})",
       true},
      {"reasoning alone", Endpoint::kChat,
       R"({"choices":[{"message":{"content":"","reasoning_content":"hm"}}]})", true},
      {"cut by its length", Endpoint::kChat,
       R"({"choices":[{"message":{"content":"a"},"finish_reason":"length"}]})", true},
      {"one of two empty", Endpoint::kChat,
       R"({"choices":[{"message":{"content":""}},{"message":{"content":"a"}}]})", true},
      {"null error", Endpoint::kChat, R"({"error":null,"choices":[{"message":{"content":"a"}}]})",
       true},
      {"an error object", Endpoint::kChat,
       R"({"error":{"message":"m"},"choices":[{"message":{"content":"a"}}]})", false},
      {"an error text", Endpoint::kChat, R"({"error":"m","choices":[{"message":{"content":"a"}}]})",
       false},
      {"finish_reason error", Endpoint::kChat,
       R"({"choices":[{"message":{"content":"a"},"finish_reason":"error"}]})", false},
      {"finish_reason error of the second", Endpoint::kChat,
       R"({"choices":[{"message":{"content":"a"}},{"message":{},"finish_reason":"error"}]})",
       false},
      {"empty text", Endpoint::kChat,
       R"({"choices":[{"message":{"role":"assistant","content":""},"finish_reason":"stop"}]})",
       false},
      {"null text", Endpoint::kChat,
       R"({"choices":[{"message":{"role":"assistant","content":null,"tool_calls":[],"refusal":null,
           "annotations":[]},"content_filter_results":{"hate":{}}}]})",
       false},
      {"no message", Endpoint::kChat, R"({"choices":[{}]})", false},
      {"no choice", Endpoint::kChat, R"({"choices":[]})", false},
      {"no choices", Endpoint::kChat, R"({"id":"c"})", false},
      {"completion", Endpoint::kCompletions, R"({"choices":[{"text":"a","index":0}]})", true},
      {"empty completion", Endpoint::kCompletions,
       R"({"choices":[{"text":"","index":0,"logprobs":null,"finish_reason":"stop"}]})", false},
      {"moderation", Endpoint::kModerations, R"({"results":[{"flagged":false}]})", true},
      {"empty moderation", Endpoint::kModerations, R"({"results":[]})", false},
      {"response", Endpoint::kResponses, R"({"status":"completed","output":[{}]})", true},
      {"response without status", Endpoint::kResponses, R"({"output":[{}]})", true},
      {"failed response", Endpoint::kResponses, R"({"status":"failed","output":[{}]})", false},
      {"incomplete response", Endpoint::kResponses, R"({"status":"incomplete","output":[{}]})",
       false},
      {"queued response", Endpoint::kResponses, R"({"status":"queued","output":[{}]})", false},
      {"empty response", Endpoint::kResponses, R"({"status":"completed","output":[]})", false},
      {"response with its error", Endpoint::kResponses,
       R"({"status":"completed","error":{"code":"c"},"output":[{}]})", false},
      {"response of an empty message", Endpoint::kResponses,
       R"({"status":"completed","output":[{"type":"message","content":[{"type":"output_text",
           "text":""}]}]})",
       false},
      {"response that refuses", Endpoint::kResponses,
       R"({"status":"completed","output":[{"type":"message","content":[{"type":"refusal",
           "refusal":"no"}]}]})",
       true},
      {"response that calls", Endpoint::kResponses,
       R"({"status":"completed","output":[{"type":"function_call","arguments":""}]})", true},
      {"response in the background", Endpoint::kResponses,
       R"({"status":"in_progress","output":[{}]})", false},
      {"answer that a filter cut", Endpoint::kChat,
       R"({"choices":[{"message":{"content":"a"},"finish_reason":"content_filter"}]})", true},
      {"message", Endpoint::kMessages,
       R"({"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn"})",
       true},
      {"message that calls", Endpoint::kMessages,
       R"({"type":"message","content":[{"type":"tool_use","input":{}}],"stop_reason":"tool_use"})",
       true},
      {"message at its limit", Endpoint::kMessages,
       R"({"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":"max_tokens"})",
       true},
      {"empty message", Endpoint::kMessages,
       R"({"type":"message","content":[],"stop_reason":"end_turn"})", false},
      {"message of empty text", Endpoint::kMessages,
       R"({"type":"message","content":[{"type":"text","text":""}],"stop_reason":"end_turn"})",
       false},
      {"message that has not stopped", Endpoint::kMessages,
       R"({"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":null})", false},
      {"message to be continued", Endpoint::kMessages,
       R"({"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":"pause_turn"})",
       false},
      {"message error", Endpoint::kMessages,
       R"({"type":"error","error":{"type":"overloaded_error"}})", false},
      {"something else than a message", Endpoint::kMessages,
       R"({"type":"completion","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn"})",
       false},
      {"models", Endpoint::kModels, R"({"data":[]})", true},
      {"no object", Endpoint::kModels, "[]", false},
      {"an empty object", Endpoint::kModels, "{}", false},
      {"HTML", Endpoint::kChat, "<html>", false},
      {"nothing", Endpoint::kChat, "", false},
      {"cut", Endpoint::kChat, R"({"choices":[{"message":{"content":"a"}}])", false},
      {"two documents", Endpoint::kModels, "{} {}", false},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(JudgeReply(c.endpoint, c.body).storable, c.storable) << c.name;
  }
}

TEST(JudgeReplyTest, ReadsWhatTheAnswerCost) {
  const auto verdict = JudgeReply(
      Endpoint::kResponses, R"({"output":[{}],"usage":{"input_tokens":3,"output_tokens":4}})");
  EXPECT_EQ(verdict.prompt_tokens, 3);
  EXPECT_EQ(verdict.completion_tokens, 4);
  EXPECT_EQ(JudgeReply(Endpoint::kChat, "{}").prompt_tokens, -1);
}

}  // namespace
}  // namespace larder
