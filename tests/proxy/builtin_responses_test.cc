#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "proxy/json/json.h"
#include "proxy/upstream/builtin/builtin_upstream.h"

namespace larder {
namespace {

struct Answer {
  int status;
  std::string body;

  JsonDocument json() const { return JsonDocument::Parse(body).value(); }
};

// `members` is what comes after the model in the request's object.
Answer Respond(const std::string& members) {
  BuiltinUpstream upstream;
  auto reply = upstream.Send({.method = "POST",
                              .path_and_query = "/responses",
                              .headers = {},
                              .body = R"({"model":"larder-echo",)" + members + "}"});
  EXPECT_TRUE(reply.ok());
  auto body = ReadWhole(*reply->body, 1U << 30, MonoTime::max());
  EXPECT_TRUE(body.ok());
  return {reply->status, *body};
}

std::string At(const JsonDocument& document, std::string_view pointer) {
  JsonElement element;
  if (document.root().at_pointer(pointer).get(element) != simdjson::SUCCESS) return "(none)";
  return simdjson::minify(element);
}

struct Event {
  std::string name;
  std::string data;

  JsonDocument json() const { return JsonDocument::Parse(data).value(); }
};

std::vector<Event> Stream(const std::string& members) {
  const Answer answer = Respond(members + R"(,"stream":true)");
  std::vector<Event> events;
  std::string_view rest = answer.body;
  while (!rest.empty()) {
    const std::size_t line = rest.find('\n');
    const std::size_t end = rest.find("\n\n");
    EXPECT_TRUE(rest.starts_with("event: ") && end != rest.npos);
    EXPECT_TRUE(rest.substr(line + 1).starts_with("data: "));
    if (end == rest.npos) break;
    events.push_back({std::string(rest.substr(7, line - 7)),
                      std::string(rest.substr(line + 7, end - line - 7))});
    rest.remove_prefix(end + 2);
  }
  return events;
}

TEST(BuiltinResponsesTest, EchoAString) {
  const Answer answer = Respond(R"("input":"good day")");
  EXPECT_EQ(answer.status, 200);
  const JsonDocument json = answer.json();
  EXPECT_EQ(At(json, "/object"), R"("response")");
  EXPECT_EQ(At(json, "/status"), R"("completed")");
  EXPECT_EQ(At(json, "/created_at"), "1767225600");
  EXPECT_EQ(At(json, "/output/0/role"), R"("assistant")");
  EXPECT_EQ(
      At(json, "/output/0/content"),
      R"([{"type":"output_text","annotations":[],"logprobs":[],"text":"You said: good day"}])");
  EXPECT_EQ(At(json, "/usage/input_tokens"), "2");
  EXPECT_EQ(At(json, "/usage/output_tokens"), "4");
  EXPECT_EQ(At(json, "/usage/total_tokens"), "6");
}

TEST(BuiltinResponsesTest, EchoTheLastUserItem) {
  const JsonDocument json =
      Respond(
          R"("instructions":"be kind","input":[{"role":"user","content":"a"},)"
          R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"}]},)"
          R"({"type":"message","role":"user","content":[{"type":"input_text","text":"c d"},)"
          R"({"type":"input_image","image_url":"data:,"}]},)"
          R"({"type":"function_call_output","call_id":"x","output":"y"}])")
          .json();
  EXPECT_EQ(At(json, "/output/0/content/0/text"), R"("You said: c d")");
  EXPECT_EQ(At(json, "/usage/input_tokens"), "6");
}

TEST(BuiltinResponsesTest, GiveBackTheSettingsOfTheRequest) {
  const JsonDocument json =
      Respond(R"("input":"a","store":false,"temperature":0.5,"metadata":{"k":"v"},"user":null,)"
              R"("previous_response_id":"resp_1","tools":[{"type":"function","name":"f"}])")
          .json();
  EXPECT_EQ(At(json, "/store"), "false");
  EXPECT_EQ(At(json, "/temperature"), "0.5");
  EXPECT_EQ(At(json, "/metadata"), R"({"k":"v"})");
  EXPECT_EQ(At(json, "/previous_response_id"), R"("resp_1")");
  EXPECT_EQ(At(json, "/tools/0/name"), R"("f")");
  EXPECT_EQ(At(json, "/user"), "null");
  EXPECT_EQ(At(json, "/top_p"), "1.0");
  EXPECT_EQ(At(json, "/instructions"), "null");
}

TEST(BuiltinResponsesTest, StreamTheEventsInOrder) {
  const auto events = Stream(R"("input":"one")");
  const std::string names[] = {"response.created",           "response.in_progress",
                               "response.output_item.added", "response.content_part.added",
                               "response.output_text.delta", "response.output_text.delta",
                               "response.output_text.delta", "response.output_text.done",
                               "response.content_part.done", "response.output_item.done",
                               "response.completed"};
  ASSERT_EQ(events.size(), std::size(names));
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].name, names[i]);
    EXPECT_EQ(At(events[i].json(), "/type"), "\"" + names[i] + "\"");
    EXPECT_EQ(At(events[i].json(), "/sequence_number"), std::to_string(i));
  }
  EXPECT_EQ(At(events[0].json(), "/response/status"), R"("in_progress")");
  EXPECT_EQ(At(events[0].json(), "/response/output"), "[]");
  EXPECT_EQ(At(events[0].json(), "/response/usage"), "null");
  EXPECT_EQ(At(events[2].json(), "/item/content"), "[]");
  EXPECT_EQ(At(events[3].json(), "/part/text"), R"("")");
}

TEST(BuiltinResponsesTest, StreamAddsUpToTheWholeAnswer) {
  for (const std::string limit : {"", R"(,"max_output_tokens":3)"}) {
    const std::string members = R"("input":"one \"two\"\n\nthree")" + limit;
    const JsonDocument whole = Respond(members).json();
    const auto events = Stream(members);
    std::string text;
    for (const Event& event : events) {
      const JsonDocument json = event.json();
      text += StringMember(json.root(), "delta").value_or("");
      if (StringMember(json.root(), "item_id")) {
        EXPECT_EQ(At(json, "/item_id"), At(whole, "/output/0/id"));
      }
      if (event.name == "response.output_text.done") {
        EXPECT_EQ(StringMember(json.root(), "text"), text);
      }
      if (event.name == "response.content_part.done") {
        EXPECT_EQ(At(json, "/part"), At(whole, "/output/0/content/0"));
      }
      if (event.name == "response.output_item.done") {
        EXPECT_EQ(At(json, "/item"), At(whole, "/output/0"));
      }
    }
    EXPECT_EQ(At(events.back().json(), "/response"), simdjson::minify(whole.root()));
  }
}

TEST(BuiltinResponsesTest, AreIncompleteWhenCut) {
  const std::string members = R"("input":"one two","max_output_tokens":3)";
  const JsonDocument json = Respond(members).json();
  EXPECT_EQ(At(json, "/status"), R"("incomplete")");
  EXPECT_EQ(At(json, "/incomplete_details/reason"), R"("max_output_tokens")");
  EXPECT_EQ(At(json, "/output/0/content/0/text"), R"("You said: one")");
  EXPECT_EQ(Stream(members).back().name, "response.incomplete");
}

TEST(BuiltinResponsesTest, NameTheFieldThatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {R"("x":1)", R"("input")"},
      {R"("input":[])", R"("input")"},
      {R"("input":3)", R"("input")"},
      {R"("input":[3])", R"("input[0]")"},
      {R"("input":[{"type":"message","content":"a"}])", R"("input[0].role")"},
      {R"("input":"a","max_output_tokens":0)", R"("max_output_tokens")"},
      {R"("input":"a","background":true)", R"("background")"},
      {R"("input":"a","stream":1)", R"("stream")"},
  };
  for (const auto& [members, param] : cases) {
    const Answer answer = Respond(members);
    EXPECT_EQ(answer.status, 400) << members;
    EXPECT_EQ(At(answer.json(), "/error/param"), param) << members;
  }
}

}  // namespace
}  // namespace larder
