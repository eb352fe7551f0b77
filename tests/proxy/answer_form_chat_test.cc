#include <gmock/gmock.h>

#include "tests/proxy/answer_forms.h"

namespace larder {
namespace {

using testing::ElementsAre;

const std::string kHead = R"("id":"c1","object":"chat.completion.chunk","created":7,"model":"m")";

// A chunk of one choice with `delta`'s members, and what else the choice has.
std::string Chunk(const std::string& delta, const std::string& more = R"(,"finish_reason":null)",
                  int index = 0) {
  return "{" + kHead + R"(,"choices":[{"index":)" + std::to_string(index) + R"(,"delta":{)" +
         delta + "}" + more + "}]}";
}
std::string Finish(const std::string& reason = "stop", int index = 0) {
  return Chunk("", R"(,"finish_reason":")" + reason + "\"", index);
}
// The whole answer of one choice.
std::string Whole(const std::string& message, const std::string& reason = "stop") {
  return R"({"id":"c1","object":"chat.completion","created":7,"model":"m","choices":[{"index":0,"message":{)" +
         message + R"(},"finish_reason":")" + reason + "\"}]}";
}

struct Case {
  const char* name;
  std::vector<std::string> events;
  std::string whole;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class ChatStreamTest : public testing::TestWithParam<Case> {};

TEST_P(ChatStreamTest, IsAssembled) {
  auto events = GetParam().events;
  events.emplace_back("[DONE]");
  EXPECT_EQ(Canonical(WholeOf(Endpoint::kChat, StreamOf(events))), Canonical(GetParam().whole));
}

TEST_P(ChatStreamTest, IsAssembledTheSameFromOtherLineEndsAndAmongComments) {
  std::string stream = ": hello\r\n\r\n";
  const std::string plain = StreamOf(GetParam().events);
  for (const char c : plain) stream += c == '\n' ? "\r\n: ping\r\nid: 1\r\n" : std::string(1, c);
  stream += "\r\ndata:[DONE]\r\n\r\n";
  EXPECT_EQ(Canonical(WholeOf(Endpoint::kChat, stream)), Canonical(GetParam().whole));
}

TEST_P(ChatStreamTest, MakesAnAnswerThatMakesAStreamThatMakesIt) {
  ExpectRoundTrip(Endpoint::kChat, GetParam().whole, AnswerForm::kStream);
}

INSTANTIATE_TEST_SUITE_P(
    Streams, ChatStreamTest,
    testing::Values(
        Case{"Text",
             {Chunk(R"("role":"assistant","content":"","refusal":null)"),
              Chunk(R"("content":"a\n")"), Chunk(""), Chunk(R"("content":"")"),
              Chunk(R"("content":"\"b")"), Finish()},
             Whole(R"("role":"assistant","content":"a\n\"b","refusal":null)")},
        Case{"FinishBesideTheLastText",
             {Chunk(R"("role":"assistant","content":"a")"),
              Chunk(R"("content":"b")", R"(,"finish_reason":"length")")},
             Whole(R"("role":"assistant","content":"ab")", "length")},
        Case{"NoRoleAtAll",
             {Chunk(R"("content":"a")"), Finish()},
             Whole(R"("role":"assistant","content":"a")")},
        Case{"RoleInEveryEvent",
             {Chunk(R"("role":"assistant","content":"a")"),
              Chunk(R"("role":"assistant","content":"b")"), Finish()},
             Whole(R"("role":"assistant","content":"ab")")},
        Case{"ACharacterCutInTwo",
             {Chunk(R"("content":"\ud83d")"), Chunk(R"("content":"\ude00")"), Finish()},
             Whole("\"role\":\"assistant\",\"content\":\"\xF0\x9F\x98\x80\"")},
        Case{"Refusal",
             {Chunk(R"("role":"assistant","content":"","refusal":"")"),
              Chunk(R"("refusal":"I ca")"), Chunk(R"("refusal":"n't")"), Finish()},
             Whole(R"("role":"assistant","content":null,"refusal":"I can't")")},
        Case{
            "Reasoning",
            {Chunk(R"("role":"assistant","content":null,"reasoning_content":"h")"),
             Chunk(R"("reasoning_content":"m")"), Chunk(R"("reasoning":"x")"),
             Chunk(R"("reasoning":"y","content":null)"),
             Chunk(R"("content":"a","reasoning_content":null)"), Finish()},
            Whole(R"("role":"assistant","content":"a","reasoning_content":"hm","reasoning":"xy")")},
        Case{
            "ToolCall",
            {Chunk(R"("role":"assistant","content":null)"),
             Chunk(
                 R"("tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"f","arguments":""}}])"),
             Chunk(R"("tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}])"),
             Chunk(R"("tool_calls":[{"index":0,"function":{"arguments":"1}"}}])"),
             Finish("tool_calls")},
            Whole(R"("role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function",
                   "function":{"name":"f","arguments":"{\"a\":1}"}}])",
                  "tool_calls")},
        Case{
            "ToolCallsInParallel",
            {Chunk(R"("role":"assistant","content":"")"),
             Chunk(
                 R"("tool_calls":[{"index":1,"id":"t2","type":"function","function":{"name":"g","arguments":"2"}},
                     {"index":0,"id":"t1","type":"function","function":{"name":"f","arguments":"1"}}])"),
             Chunk(
                 R"("tool_calls":[{"index":0,"id":"","type":"function","function":{"name":"f","arguments":"1"}}])"),
             Chunk(
                 R"("tool_calls":[{"index":1,"id":null,"function":{"name":"","arguments":"2"}}])"),
             Finish("tool_calls")},
            Whole(R"("role":"assistant","content":null,"tool_calls":[
                   {"id":"t1","type":"function","function":{"name":"f","arguments":"11"}},
                   {"id":"t2","type":"function","function":{"name":"g","arguments":"22"}}])",
                  "tool_calls")},
        Case{
            "ToolCallsWithoutIndex",
            {Chunk(
                 R"("content":"","tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"1"}}])"),
             Chunk(
                 R"("tool_calls":[{"id":"t2","type":"function","function":{"name":"f","arguments":"2"}}])"),
             Finish()},
            Whole(R"("role":"assistant","content":null,"tool_calls":[
                   {"id":"t1","type":"function","function":{"name":"f","arguments":"1"}},
                   {"id":"t2","type":"function","function":{"name":"f","arguments":"2"}}])")},
        Case{
            "CustomToolCallBesideText",
            {Chunk(R"("role":"assistant","content":"see: ")"),
             Chunk(
                 R"("tool_calls":[{"index":0,"id":"t","type":"custom","custom":{"name":"q","input":"SEL"}}])"),
             Chunk(R"("tool_calls":[{"index":0,"custom":{"input":"ECT"}}])"), Finish("tool_calls")},
            Whole(R"("role":"assistant","content":"see: ","tool_calls":[{"id":"t","type":"custom",
                   "custom":{"name":"q","input":"SELECT"}}])",
                  "tool_calls")},
        Case{"NoToolCalls",
             {Chunk(R"("role":"assistant","content":"a","tool_calls":[])"), Finish()},
             Whole(R"("role":"assistant","content":"a","tool_calls":[])")},
        Case{
            "FunctionCall",
            {Chunk(
                 R"("role":"assistant","content":null,"function_call":{"name":"f","arguments":""})"),
             Chunk(R"("function_call":{"arguments":"{}"})"), Finish("function_call")},
            Whole(
                R"("role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"})",
                "function_call")},
        Case{"Audio",
             {Chunk(R"("role":"assistant","content":null,"audio":{"id":"a1","transcript":"he"})"),
              Chunk(R"("audio":{"data":"AA","transcript":"y"})"), Chunk(R"("audio":{"data":"BB"})"),
              Chunk(R"("audio":{"expires_at":99})"), Finish()},
             Whole(R"("role":"assistant","content":null,
                   "audio":{"id":"a1","transcript":"hey","data":"AABB","expires_at":99})")},
        Case{"Annotations",
             {Chunk(R"("content":"a","annotations":[{"type":"url_citation","u":1}])"),
              Chunk(R"("annotations":[{"type":"url_citation","u":2.50}])"),
              Chunk(R"("annotations":[])"), Finish()},
             Whole(R"("role":"assistant","content":"a",
                   "annotations":[{"type":"url_citation","u":1},{"type":"url_citation","u":2.5}])")},
        Case{
            "ContentInParts",
            {Chunk(R"("content":[{"type":"thinking","thinking":[]}])"), Chunk(R"("content":"a")"),
             Chunk(R"("content":"")"), Finish()},
            Whole(
                R"("role":"assistant","content":[{"type":"thinking","thinking":[]},{"type":"text","text":"a"}])")},
        Case{"Logprobs",
             {Chunk(R"("content":"a")",
                    R"(,"logprobs":{"content":[{"token":"a","logprob":-0.10}],"refusal":null})"),
              Chunk(R"("content":"b")",
                    R"(,"logprobs":{"content":[{"token":"b","logprob":-1e-7}],"refusal":null})"),
              Chunk("", R"(,"logprobs":null,"finish_reason":"stop")")},
             R"({"id":"c1","object":"chat.completion","created":7,"model":"m","choices":[{"index":0,
                "message":{"role":"assistant","content":"ab"},"finish_reason":"stop","logprobs":
                {"content":[{"token":"a","logprob":-0.1},{"token":"b","logprob":-1e-7}],"refusal":null}}]})"},
        Case{
            "LogprobsOfARefusal",
            {Chunk(R"("content":null,"refusal":"n")",
                   R"(,"logprobs":{"content":null,"refusal":[{"token":"n"}]})"),
             Chunk(R"("refusal":"o")", R"(,"logprobs":{"content":null,"refusal":[{"token":"o"}]})"),
             Finish()},
            R"({"id":"c1","object":"chat.completion","created":7,"model":"m","choices":[{"index":0,
                "message":{"role":"assistant","content":null,"refusal":"no"},"finish_reason":"stop",
                "logprobs":{"content":null,"refusal":[{"token":"n"},{"token":"o"}]}}]})"},
        Case{"SeveralChoicesOutOfOrder",
             {Chunk(R"("role":"assistant","content":"b")", "", 1),
              Chunk(R"("role":"assistant","content":"a")", "", 0), Chunk(R"("content":"B")", "", 1),
              Finish("length", 1), Chunk(R"("content":"A")", "", 0), Finish("stop", 0)},
             R"({"id":"c1","object":"chat.completion","created":7,"model":"m","choices":[
                {"index":0,"message":{"role":"assistant","content":"aA"},"finish_reason":"stop"},
                {"index":1,"message":{"role":"assistant","content":"bB"},"finish_reason":"length"}]})"},
        Case{
            "AzureFilters",
            {R"({"choices":[],"created":0,"id":"","model":"","object":"",
                 "prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]})",
             Chunk(R"("role":"assistant","content":"a")",
                   R"(,"content_filter_results":{},"finish_reason":null)"),
             Chunk(
                 "",
                 R"(,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}},"finish_reason":null)"),
             Chunk(
                 "",
                 R"(,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}},"finish_reason":"stop")"),
             R"({"choices":[],"created":0,"id":"","model":"","object":""})"},
            R"({"id":"c1","object":"chat.completion","created":7,"model":"m",
                "prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}],
                "choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop",
                "content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]})"},
        Case{
            "OtherMembersOfTheAnswer",
            {R"({"id":"c1","created":7,"model":"m","system_fingerprint":null,"service_tier":"default",
                 "big":18446744073709551615,"obfuscation":"xyz","x_groq":{"id":"r"},"citations":["a"],
                 "choices":[{"index":0,"delta":{"content":"a"},"stop_reason":null,"token_ids":[1]}]})",
             R"({"id":"c1","created":7,"model":"m","system_fingerprint":"fp","citations":["a","b"],
                 "choices":[{"index":0,"delta":{},"finish_reason":"stop","stop_reason":3,"token_ids":[2,3]}]})"},
            R"({"id":"c1","object":"chat.completion","created":7,"model":"m","system_fingerprint":"fp",
                "service_tier":"default","big":18446744073709551615,"x_groq":{"id":"r"},
                "citations":["a","b"],"choices":[{"index":0,"message":{"role":"assistant","content":"a"},
                "finish_reason":"stop","stop_reason":3,"token_ids":[1,2,3]}]})"}),
    [](const auto& info) { return info.param.name; });

struct UsageCase {
  const char* name;
  std::vector<std::string> events;
  std::vector<std::string> without;
  const char* usage;  // of the whole answer
};
void PrintTo(const UsageCase& c, std::ostream* out) {
  *out << c.name;
}

class ChatUsageTest : public testing::TestWithParam<UsageCase> {};
TEST_P(ChatUsageTest, IsToldExactlyWhenItIsAskedFor) {
  const std::string stream = StreamOf(GetParam().events);
  EXPECT_EQ(RenderAnswer(Endpoint::kChat, stream, true, AnswerForm::kStream),
            StreamOf(GetParam().without));
  const bool has_usage = GetParam().usage != nullptr;
  EXPECT_EQ(RenderAnswer(Endpoint::kChat, stream, true, AnswerForm::kStreamWithUsage),
            has_usage ? std::optional(stream) : std::nullopt);
  const auto whole = JsonDocument::Parse(WholeOf(Endpoint::kChat, stream));
  ASSERT_TRUE(whole.ok());
  const auto usage = Member(whole->root(), "usage");
  ASSERT_EQ(usage.has_value(), has_usage);
  if (usage) {
    EXPECT_EQ(CanonicalJson(*usage), GetParam().usage);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Streams, ChatUsageTest,
    testing::Values(
        UsageCase{"InAnEventOfItsOwn",
                  {R"({"choices":[{"delta":{"content":"a"}}],"usage":null})",
                   R"({ "usage" : null , "choices":[{"delta":{}}]})",
                   R"({"choices":[],"usage":{"total_tokens":3}})", "[DONE]"},
                  {R"({"choices":[{"delta":{"content":"a"}}]})", R"({ "choices":[{"delta":{}}]})",
                   "[DONE]"},
                  R"({"total_tokens":3})"},
        UsageCase{"NotTold",
                  {R"({"choices":[{"delta":{"content":"a"}}]})", "[DONE]"},
                  {R"({"choices":[{"delta":{"content":"a"}}]})", "[DONE]"},
                  nullptr},
        UsageCase{"OnlyNull",
                  {R"({"choices":[{"delta":{"content":"a"}}],"usage":null})", "[DONE]"},
                  {R"({"choices":[{"delta":{"content":"a"}}]})", "[DONE]"},
                  nullptr},
        UsageCase{"InEveryEventAndOneOfItsOwn",
                  {R"({"choices":[{"delta":{"content":"a"}}],"usage":{"total_tokens":2}})",
                   R"({"choices":[],"usage":{"total_tokens":3}})", "[DONE]"},
                  {R"({"choices":[{"delta":{"content":"a"}}]})", "[DONE]"},
                  R"({"total_tokens":3})"},
        UsageCase{"BesideTheLastChoiceByHabit",
                  {R"({"choices":[{"delta":{"content":"a"}}]})",
                   R"({"choices":[{"delta":{}}],"usage":{"total_tokens":3}})", "[DONE]"},
                  {R"({"choices":[{"delta":{"content":"a"}}]})",
                   R"({"choices":[{"delta":{}}],"usage":{"total_tokens":3}})", "[DONE]"},
                  R"({"total_tokens":3})"},
        UsageCase{"AzuresFirstEventStays",
                  {R"({"choices":[],"prompt_filter_results":[],"usage":null})",
                   R"({"choices":[{"delta":{"content":"a"}}],"usage":null})",
                   R"({"choices":[],"usage":{"total_tokens":3}})", "[DONE]"},
                  {R"({"choices":[],"prompt_filter_results":[]})",
                   R"({"choices":[{"delta":{"content":"a"}}]})", "[DONE]"},
                  R"({"total_tokens":3})"},
        UsageCase{"OfWhichATextSpeaks",
                  {R"({"choices":[{"delta":{"content":"\"usage\":null"}}]})", "[DONE]"},
                  {R"({"choices":[{"delta":{"content":"\"usage\":null"}}]})", "[DONE]"},
                  nullptr}),
    [](const auto& info) { return info.param.name; });

TEST(ChatUsageTest, IsTakenOutOfAStreamThatStaysAsItIsOtherwise) {
  EXPECT_EQ(
      RenderAnswer(Endpoint::kChat,
                   ": hi\r\n\r\nevent: e\r\nid: 1\r\ndata:{\"choices\":[{}],\"usage\":null}\r\n"
                   ": x\r\n\r\ndata: {\"usage\":{},\rdata: \"choices\":[]}\r\r"
                   "data: {\"usage\":null,\ndata: \"a\":1}\n\ndata: [DONE]\n\n: tail",
                   true, AnswerForm::kStream),
      ": hi\r\n\r\nevent: e\r\nid: 1\r\ndata:{\"choices\":[{}]}\r\n: x\r\n\r\n"
      "data: {\"a\":1}\n\ndata: [DONE]\n\n: tail");
}

TEST(ChatEventsTest, ComeInTheOrderInWhichModelsSpeak) {
  const std::string whole =
      R"({"id":"c1","object":"chat.completion","created":7,"choices":[{"index":0,"message":
{"role":"assistant","content":"a","refusal":null,"tool_calls":[{"id":"t","type":"function",
"function":{"name":"f","arguments":"{}"}}],"annotations":[1],"reasoning":"r"},"logprobs":null,
"finish_reason":"tool_calls"}],"usage":{"total_tokens":3},"extra":{"e":1}})";
  const auto chunk = [](const std::string& choice, const std::string& more = "") {
    return R"({"id":"c1","created":7,"object":"chat.completion.chunk","choices":[{"index":0,)" +
           choice + "}]" + more + R"(,"usage":null})";
  };
  const auto delta = [&](const std::string& members, const std::string& more = "") {
    return chunk("\"delta\":{" + members + R"(},"logprobs":null,"finish_reason":null)", more);
  };
  EXPECT_THAT(
      DataOf(StreamOfWhole(Endpoint::kChat, whole, AnswerForm::kStreamWithUsage)),
      ElementsAre(
          delta(R"("role":"assistant","content":"","refusal":null)", R"(,"extra":{"e":1})"),
          delta(R"("reasoning":"r")"), delta(R"("content":"a")"), delta(R"("annotations":[1])"),
          delta(
              R"("tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":""}}])"),
          delta(R"("tool_calls":[{"index":0,"function":{"arguments":"{}"}}])"),
          chunk(R"("delta":{},"logprobs":null,"finish_reason":"tool_calls")"),
          R"({"id":"c1","created":7,"object":"chat.completion.chunk","choices":[],"usage":{"total_tokens":3}})",
          "[DONE]"));
}

TEST(ChatEventsTest, TellNoUsageUnlessItIsAskedForAndThere) {
  const std::string whole = Whole(R"("role":"assistant","content":"a")");
  EXPECT_EQ(StreamOfWhole(Endpoint::kChat, whole).find("usage"), std::string::npos);
  EXPECT_EQ(StreamOfWhole(Endpoint::kChat, whole, AnswerForm::kStreamWithUsage), "none");
}

TEST(ChatEventsTest, PassAPrettyPrintedAnswerOnOnSingleLines) {
  const std::string whole =
      "{\r\n \"id\": \"c\",\n \"object\":\"chat.completion\",\"choices\": [\n  {\"index\": 0, "
      "\"message\": {\"role\": \"assistant\",\n"
      "\"content\": \"a\", \"x\": {\n \"y\": [\n 1.0 ] } },\n\"finish_reason\": \"stop\"} ],\n"
      "\"usage\": {\n\"total_tokens\": 1 } }\n";
  ExpectRoundTrip(Endpoint::kChat, whole, AnswerForm::kStreamWithUsage);
}

TEST(CompletionStreamTest, IsAssembledAndMadeAgain) {
  const auto event = [](const std::string& choice) {
    return R"({"id":"c","object":"text_completion","created":7,"model":"m","choices":[{)" + choice +
           "}]}";
  };
  const std::string stream = StreamOf(
      {event(R"("text":"b","index":1,"logprobs":null,"finish_reason":null)"),
       event(
           R"("text":"a","index":0,"logprobs":{"tokens":["a"],"token_logprobs":[-0.5],"top_logprobs":null,"text_offset":[0]},"finish_reason":null)"),
       event(
           R"("text":"c","index":0,"logprobs":{"tokens":["c"],"token_logprobs":[-1],"top_logprobs":null,"text_offset":[1]},"finish_reason":"length")"),
       event(R"("text":"","index":1,"logprobs":null,"finish_reason":"stop")"), "[DONE]"});
  const std::string whole = WholeOf(Endpoint::kCompletions, stream);
  EXPECT_EQ(Canonical(whole),
            Canonical(R"({"id":"c","object":"text_completion","created":7,"model":"m","choices":[
      {"text":"ac","index":0,"logprobs":{"tokens":["a","c"],"token_logprobs":[-0.5,-1],"top_logprobs":null,"text_offset":[0,1]},"finish_reason":"length"},
      {"text":"b","index":1,"logprobs":null,"finish_reason":"stop"}]})"));
  ExpectRoundTrip(Endpoint::kCompletions, whole, AnswerForm::kStream);
}

}  // namespace
}  // namespace larder
