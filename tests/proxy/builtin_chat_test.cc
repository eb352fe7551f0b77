#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proxy/json/json.h"
#include "proxy/upstream/builtin/builtin_upstream.h"

namespace larder {
namespace {

struct Answer {
  int status;
  std::string content_type;
  std::string body;

  JsonDocument json() const { return JsonDocument::Parse(body).value(); }
};

// `members` is what comes after the model in the request's object.
Answer Post(const std::string& path, const std::string& members) {
  BuiltinUpstream upstream;
  auto reply = upstream.Send({.method = "POST",
                              .path_and_query = path,
                              .headers = {},
                              .body = R"({"model":"larder-echo",)" + members + "}"});
  EXPECT_TRUE(reply.ok());
  auto body = ReadWhole(*reply->body, 1U << 30, MonoTime::max());
  EXPECT_TRUE(body.ok());
  return {reply->status, std::string(*reply->headers.Find("content-type")), *body};
}

Answer Chat(const std::string& members) {
  return Post("/chat/completions", members);
}

std::string Say(const std::string& text) {
  return R"("messages":[{"role":"user","content":")" + text + R"("}])";
}

JsonElement ChoiceAt(const JsonDocument& document, std::size_t i) {
  JsonArray choices;
  EXPECT_EQ(Member(document.root(), "choices")->get(choices), simdjson::SUCCESS);
  return choices.at(i).value_unsafe();
}

std::string ContentOf(const Answer& answer, std::size_t choice = 0) {
  const JsonDocument document = answer.json();
  const JsonElement message = *Member(ChoiceAt(document, choice), "message");
  return std::string(StringMember(message, "content").value_or("(none)"));
}

std::string ParamOf(const Answer& answer) {
  const JsonDocument document = answer.json();
  return std::string(StringMember(*Member(document.root(), "error"), "param").value_or("(null)"));
}

// The payloads of a stream's data lines; fails the test when anything else is in it.
std::vector<std::string> EventsOf(const std::string& body) {
  std::vector<std::string> events;
  std::string_view rest = body;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\n\n");
    EXPECT_TRUE(rest.starts_with("data: ") && end != rest.npos) << rest;
    if (end == rest.npos) break;
    events.emplace_back(rest.substr(6, end - 6));
    rest.remove_prefix(end + 2);
  }
  return events;
}

struct Streamed {
  std::string text;
  std::string finish_reason;
  std::size_t words = 0;
};

// What one choice of a chat stream adds up to.
Streamed Assemble(const std::vector<std::string>& events, std::int64_t index) {
  Streamed streamed;
  for (const std::string& event : events) {
    if (event == "[DONE]") continue;
    const JsonDocument chunk = JsonDocument::Parse(event).value();
    JsonArray choices;
    EXPECT_EQ(Member(chunk.root(), "choices")->get(choices), simdjson::SUCCESS);
    if (choices.size() == 0) continue;
    const JsonElement choice = ChoiceAt(chunk, 0);
    if (IntMember(choice, "index") != index) continue;
    const auto content = StringMember(*Member(choice, "delta"), "content");
    streamed.text += content.value_or("");
    if (content && !content->empty()) ++streamed.words;
    streamed.finish_reason += StringMember(choice, "finish_reason").value_or("");
  }
  return streamed;
}

TEST(BuiltinChatTest, SaysWhatTheLastUserMessageSaid) {
  const Answer answer = Chat(
      R"("messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"first"},)"
      R"({"role":"assistant","content":"ok"},{"role":"user","content":"good \"day\"\n\u00e9"},)"
      R"({"role":"assistant","content":null,"tool_calls":[]}])");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(ContentOf(answer), "You said: good \"day\"\n\u00E9");
}

TEST(BuiltinChatTest, AnswersInOpenAisShape) {
  const JsonDocument answer = Chat(Say("one two three")).json();
  EXPECT_EQ(StringMember(answer.root(), "object"), "chat.completion");
  EXPECT_EQ(StringMember(answer.root(), "model"), "larder-echo");
  EXPECT_EQ(IntMember(answer.root(), "created"), 1767225600);
  EXPECT_TRUE(StringMember(answer.root(), "id")->starts_with("chatcmpl-"));
  EXPECT_EQ(simdjson::minify(ChoiceAt(answer, 0)),
            R"({"index":0,"message":{"role":"assistant","content":"You said: one two three",)"
            R"("refusal":null},"logprobs":null,"finish_reason":"stop"})");
  const JsonElement usage = *Member(answer.root(), "usage");
  EXPECT_EQ(IntMember(usage, "prompt_tokens"), 3);
  EXPECT_EQ(IntMember(usage, "completion_tokens"), 5);
  EXPECT_EQ(IntMember(usage, "total_tokens"), 8);
}

TEST(BuiltinChatTest, JoinsTextPartsAndSkipsOthers) {
  const Answer answer =
      Chat(R"("messages":[{"role":"user","content":[{"type":"text","text":"a b"},)"
           R"({"type":"image_url","image_url":{"url":"data:,"}},{"type":"text","text":"c"}]}])");
  EXPECT_EQ(ContentOf(answer), "You said: a b\nc");
}

TEST(BuiltinChatTest, AnswersWithoutAUserMessage) {
  EXPECT_EQ(ContentOf(Chat(R"("messages":[{"role":"system","content":"x"}])")), "You said: ");
}

TEST(BuiltinChatTest, GivesTheSameBytesForTheSameRequest) {
  EXPECT_EQ(Chat(Say("hi")).body, Chat(Say("hi")).body);
  EXPECT_NE(Chat(Say("hi")).body, Chat(Say("hi") + R"(,"seed":1)").body);
}

TEST(BuiltinChatTest, HasOneIdInBothForms) {
  const JsonDocument whole = Chat(Say("hi")).json();
  const auto events =
      EventsOf(Chat(Say("hi") + R"(,"stream":true,"stream_options":{"include_usage":true})").body);
  const JsonDocument chunk = JsonDocument::Parse(events[0]).value();
  EXPECT_EQ(StringMember(chunk.root(), "id"), StringMember(whole.root(), "id"));
}

TEST(BuiltinChatTest, StreamsRoleThenWordsThenFinishThenDone) {
  const Answer answer = Chat(Say("one two") + R"(,"stream":true)");
  EXPECT_EQ(answer.content_type, "text/event-stream; charset=utf-8");
  const auto events = EventsOf(answer.body);
  ASSERT_EQ(events.size(), 7U);
  const std::string deltas[] = {R"({"role":"assistant","content":"","refusal":null})",
                                R"({"content":"You"})",
                                R"({"content":" said:"})",
                                R"({"content":" one"})",
                                R"({"content":" two"})",
                                "{}"};
  for (std::size_t i = 0; i < std::size(deltas); ++i) {
    const JsonDocument chunk = JsonDocument::Parse(events[i]).value();
    EXPECT_EQ(StringMember(chunk.root(), "object"), "chat.completion.chunk");
    EXPECT_FALSE(Member(chunk.root(), "usage"));
    const JsonElement choice = ChoiceAt(chunk, 0);
    EXPECT_EQ(simdjson::minify(*Member(choice, "delta")), deltas[i]);
    EXPECT_EQ(StringMember(choice, "finish_reason").value_or("null"), i == 5 ? "stop" : "null");
  }
  EXPECT_EQ(events[6], "[DONE]");
}

TEST(BuiltinChatTest, StreamsUsageOnlyWhenAsked) {
  const auto events =
      EventsOf(Chat(Say("a") + R"(,"stream":true,"stream_options":{"include_usage":true})").body);
  ASSERT_EQ(events.size(), 7U);
  const JsonDocument word = JsonDocument::Parse(events[1]).value();
  EXPECT_TRUE(Member(word.root(), "usage")->is_null());
  const JsonDocument usage = JsonDocument::Parse(events[5]).value();
  EXPECT_EQ(simdjson::minify(*Member(usage.root(), "choices")), "[]");
  EXPECT_EQ(IntMember(*Member(usage.root(), "usage"), "total_tokens"), 4);
  EXPECT_EQ(events[6], "[DONE]");
}

TEST(BuiltinChatTest, StreamAddsUpToTheWholeAnswer) {
  const std::string texts[] = {"", "one", "  two\\tthree \\n", "\\u4f60\\u597d \\u4e16\\u754c",
                               "\\\"quoted\\\" \\\\ data: [DONE]\\n\\ndata: x"};
  for (const std::string& text : texts) {
    const std::string members = Say(text) + R"(,"n":3)";
    const Answer whole = Chat(members);
    const auto events = EventsOf(Chat(members + R"(,"stream":true)").body);
    for (std::size_t choice = 0; choice < 3; ++choice) {
      const Streamed streamed = Assemble(events, static_cast<std::int64_t>(choice));
      EXPECT_EQ(streamed.text, ContentOf(whole, choice)) << text;
      EXPECT_EQ(streamed.finish_reason, "stop");
    }
  }
}

TEST(BuiltinChatTest, GivesAsManyChoicesAsAsked) {
  const JsonDocument answer = Chat(Say("a") + R"(,"n":8)").json();
  EXPECT_EQ(IntMember(ChoiceAt(answer, 7), "index"), 7);
  EXPECT_EQ(IntMember(*Member(answer.root(), "usage"), "completion_tokens"), 24);
  EXPECT_EQ(ParamOf(Chat(Say("a") + R"(,"n":9)")), "n");
  EXPECT_EQ(ParamOf(Chat(Say("a") + R"(,"n":0)")), "n");
}

TEST(BuiltinChatTest, IsCutAtTheLimitInWords) {
  const struct {
    std::string limit;
    std::string text;
    std::string finish_reason;
  } cases[] = {
      {R"("max_tokens":1)", "You", "length"},
      {R"("max_tokens":3)", "You said: one", "length"},
      {R"("max_completion_tokens":2,"max_tokens":3)", "You said:", "length"},
      {R"("max_completion_tokens":4)", "You said: one two", "stop"},
      {R"("max_tokens":null)", "You said: one two", "stop"},
  };
  for (const auto& test : cases) {
    const std::string members = Say("one two") + "," + test.limit;
    const JsonDocument whole = Chat(members).json();
    EXPECT_EQ(StringMember(*Member(ChoiceAt(whole, 0), "message"), "content"), test.text);
    EXPECT_EQ(StringMember(ChoiceAt(whole, 0), "finish_reason"), test.finish_reason) << test.limit;
    const Streamed streamed = Assemble(EventsOf(Chat(members + R"(,"stream":true)").body), 0);
    EXPECT_EQ(streamed.text, test.text);
    EXPECT_EQ(streamed.finish_reason, test.finish_reason) << test.limit;
  }
}

TEST(BuiltinChatTest, NamesTheFieldThatIsWrong) {
  const struct {
    std::string members;
    std::string param;
  } cases[] = {
      {R"("x":1)", "messages"},
      {R"("messages":[])", "messages"},
      {R"("messages":"hi")", "messages"},
      {R"("messages":["hi"])", "messages[0]"},
      {R"("messages":[{"content":"hi"}])", "messages[0].role"},
      {R"("messages":[{"role":"system","content":"x"},{"role":"user","content":3}])",
       "messages[1].content"},
      {Say("a") + R"(,"max_tokens":0)", "max_tokens"},
      {Say("a") + R"(,"max_completion_tokens":-1)", "max_completion_tokens"},
      {Say("a") + R"(,"stream":"yes")", "stream"},
  };
  for (const auto& test : cases) {
    const Answer answer = Chat(test.members);
    EXPECT_EQ(answer.status, 400) << test.members;
    EXPECT_EQ(ParamOf(answer), test.param) << test.members;
  }
}

TEST(BuiltinCompletionsTest, AnswerEachPromptAsOftenAsAsked) {
  const JsonDocument answer = Post("/completions", R"("prompt":["a","b c"],"n":2)").json();
  EXPECT_EQ(StringMember(answer.root(), "object"), "text_completion");
  EXPECT_EQ(simdjson::minify(ChoiceAt(answer, 2)),
            R"({"text":"You said: b c","index":2,"logprobs":null,"finish_reason":"stop"})");
  EXPECT_EQ(simdjson::minify(*Member(answer.root(), "usage")),
            R"({"prompt_tokens":3,"completion_tokens":14,"total_tokens":17})");
}

TEST(BuiltinCompletionsTest, StreamAddsUpToTheWholeAnswer) {
  const std::string members = R"("prompt":["a","b c"],"max_tokens":3)";
  const JsonDocument whole = Post("/completions", members).json();
  const auto events = EventsOf(
      Post("/completions", members + R"(,"stream":true,"stream_options":{"include_usage":true})")
          .body);
  ASSERT_EQ(events.size(), 10U);
  EXPECT_EQ(events.back(), "[DONE]");
  std::string texts[2];
  std::string finish[2];
  for (std::size_t i = 0; i < 8; ++i) {
    const JsonDocument chunk = JsonDocument::Parse(events[i]).value();
    const JsonElement choice = ChoiceAt(chunk, 0);
    const auto index = static_cast<std::size_t>(*IntMember(choice, "index"));
    texts[index] += *StringMember(choice, "text");
    finish[index] += StringMember(choice, "finish_reason").value_or("");
  }
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(StringMember(ChoiceAt(whole, i), "text"), texts[i]);
    EXPECT_EQ(StringMember(ChoiceAt(whole, i), "finish_reason"), finish[i]);
  }
  EXPECT_EQ(finish[0], "stop");
  EXPECT_EQ(finish[1], "length");
  const JsonDocument usage = JsonDocument::Parse(events[8]).value();
  EXPECT_EQ(simdjson::minify(*Member(usage.root(), "usage")),
            simdjson::minify(*Member(whole.root(), "usage")));
}

TEST(BuiltinCompletionsTest, RefuseATokenArray) {
  EXPECT_EQ(ParamOf(Post("/completions", R"("prompt":[1,2])")), "prompt");
  EXPECT_EQ(ParamOf(Post("/completions", R"("prompt":[])")), "prompt");
  EXPECT_EQ(ParamOf(Post("/completions", R"("n":1)")), "prompt");
}

}  // namespace
}  // namespace larder
