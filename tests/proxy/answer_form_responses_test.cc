#include <gmock/gmock.h>

#include "tests/proxy/answer_forms.h"

namespace larder {
namespace {

using testing::ElementsAre;

// An answer whose output is `items`.
std::string Whole(const std::string& items) {
  return R"({"id":"resp_1","object":"response","created_at":7.0,"status":"completed","error":null,
"output":[)" +
         items + R"(],"usage":{"input_tokens":3,"output_tokens":4},"tools":[]})";
}
const std::string kText =
    R"({"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[{"type":"url_citation","url":"u"}],"logprobs":[{"token":"a","logprob":-0.10}],"text":"a\u00e9"}]})";
const std::string kRefusal =
    R"({"id":"msg_2","type":"message","status":"completed","role":"assistant","content":[{"type":"refusal","refusal":"no"}]})";
const std::string kCall =
    R"({"id":"fc_1","type":"function_call","status":"completed","call_id":"c","name":"f","arguments":"{\"a\":1}"})";
const std::string kCustom =
    R"({"id":"ctc_1","type":"custom_tool_call","status":"completed","call_id":"c","name":"q","input":"SELECT"})";
const std::string kReasoning =
    R"({"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"hm"},{"type":"summary_text","text":"so"}],"content":[{"type":"reasoning_text","text":"raw"}],"encrypted_content":"e"})";
const std::string kUnknown = R"({"id":"x_1","type":"new_call","status":"completed","n":1e2})";

TEST(ResponseStreamTest, IsAssembledFromItsLastEventAsItIsWritten) {
  const std::string whole = Whole(kText);
  std::string flat;
  for (const char c : whole) flat += c == '\n' ? ' ' : c;
  EXPECT_EQ(
      WholeOf(Endpoint::kResponses,
              StreamOf({R"({"type":"response.created","response":{"status":"in_progress"}})",
                        R"({"type":"response.output_text.delta","delta":"response.completed"})",
                        R"({"type":"response.completed","sequence_number":9,"response": )" + flat +
                            " }"})),
      flat);
}

TEST(ResponseStreamTest, MadeOfAWholeAnswerMakesItAgain) {
  for (const std::string& item : {kText, kRefusal, kCall, kCustom, kReasoning, kUnknown,
                                  kReasoning + "," + kText + "," + kCall + "," + kCall}) {
    ExpectRoundTrip(Endpoint::kResponses, Whole(item), AnswerForm::kStream);
  }
}

// "type name=value ..." of each event, after the checks that hold for all.
std::vector<std::string> EventsOf(const std::string& stream) {
  std::vector<std::string> events;
  SseReader reader;
  reader.Feed(stream);
  while (const auto event = reader.Next()) {
    const auto document = JsonDocument::Parse(event->data);
    EXPECT_TRUE(document.ok()) << event->data;
    EXPECT_EQ(StringMember(document->root(), "type"), event->name);
    EXPECT_EQ(IntMember(document->root(), "sequence_number"), std::int64_t(events.size()));
    JsonObject members;
    EXPECT_EQ(document->root().get(members), simdjson::SUCCESS);
    std::string text(event->name.substr(std::string_view("response.").size()));
    for (const auto member : members) {
      if (member.key == "type" || member.key == "sequence_number" || member.key == "response")
        continue;
      text += ' ' + std::string(member.key) + '=' + CanonicalJson(member.value);
    }
    events.push_back(text);
  }
  return events;
}

std::vector<std::string> EventsOfItem(const std::string& item) {
  auto events = EventsOf(StreamOfWhole(Endpoint::kResponses, Whole(item)));
  EXPECT_GE(events.size(), 5U);
  EXPECT_EQ(events[0], "created");
  EXPECT_EQ(events[1], "in_progress");
  EXPECT_EQ(events.back(), "completed");
  EXPECT_EQ(events[events.size() - 2], "output_item.done output_index=0 item=" + Canonical(item));
  return {events.begin() + 2, events.end() - 2};
}

TEST(ResponseEventsTest, OfATextBuildItUpWithWhatBelongsToIt) {
  const std::string at = R"( item_id="msg_1" output_index=0 content_index=0)";
  const std::string logprobs = R"( logprobs=[{"logprob":-0.1,"token":"a"}])";
  EXPECT_THAT(
      EventsOfItem(kText),
      ElementsAre(
          R"(output_item.added output_index=0 item={"content":[],"id":"msg_1","role":"assistant","status":"in_progress","type":"message"})",
          "content_part.added" + at +
              R"( part={"annotations":[],"logprobs":[],"text":"","type":"output_text"})",
          "output_text.delta" + at + " delta=\"a\xC3\xA9\"" + logprobs,
          "output_text.annotation.added" + at +
              R"( annotation_index=0 annotation={"type":"url_citation","url":"u"})",
          "output_text.done" + at + " text=\"a\xC3\xA9\"" + logprobs,
          "content_part.done" + at +
              " part={\"annotations\":[{\"type\":\"url_citation\",\"url\":\"u\"}],\"logprobs\":"
              "[{\"logprob\":-0.1,\"token\":\"a\"}],\"text\":\"a\xC3\xA9\",\"type\":\"output_"
              "text\"}"));
}

TEST(ResponseEventsTest, OfARefusal) {
  const std::string at = R"( item_id="msg_2" output_index=0 content_index=0)";
  EXPECT_THAT(
      EventsOfItem(kRefusal),
      ElementsAre(testing::StartsWith("output_item.added"),
                  "content_part.added" + at + R"( part={"refusal":"","type":"refusal"})",
                  "refusal.delta" + at + R"( delta="no")", "refusal.done" + at + R"( refusal="no")",
                  "content_part.done" + at + R"( part={"refusal":"no","type":"refusal"})"));
}

TEST(ResponseEventsTest, OfCalls) {
  EXPECT_THAT(
      EventsOfItem(kCall),
      ElementsAre(
          R"(output_item.added output_index=0 item={"arguments":"","call_id":"c","id":"fc_1","name":"f","status":"in_progress","type":"function_call"})",
          R"(function_call_arguments.delta item_id="fc_1" output_index=0 delta="{\"a\":1}")",
          R"(function_call_arguments.done item_id="fc_1" output_index=0 name="f" arguments="{\"a\":1}")"));
  EXPECT_THAT(
      EventsOfItem(kCustom),
      ElementsAre(testing::HasSubstr(R"("input":"")"),
                  R"(custom_tool_call_input.delta item_id="ctc_1" output_index=0 delta="SELECT")",
                  R"(custom_tool_call_input.done item_id="ctc_1" output_index=0 input="SELECT")"));
}

TEST(ResponseEventsTest, OfReasoning) {
  const auto summary = [](const std::string& type, int index, const std::string& more) {
    return "reasoning_summary_" + type + R"( item_id="rs_1" output_index=0 summary_index=)" +
           std::to_string(index) + " " + more;
  };
  const std::string at = R"( item_id="rs_1" output_index=0 content_index=0 )";
  EXPECT_THAT(
      EventsOfItem(kReasoning),
      ElementsAre(
          R"(output_item.added output_index=0 item={"content":[],"encrypted_content":"e","id":"rs_1","summary":[],"type":"reasoning"})",
          summary("part.added", 0, R"(part={"text":"","type":"summary_text"})"),
          summary("text.delta", 0, R"(delta="hm")"), summary("text.done", 0, R"(text="hm")"),
          summary("part.done", 0, R"(part={"text":"hm","type":"summary_text"})"),
          summary("part.added", 1, R"(part={"text":"","type":"summary_text"})"),
          summary("text.delta", 1, R"(delta="so")"), summary("text.done", 1, R"(text="so")"),
          summary("part.done", 1, R"(part={"text":"so","type":"summary_text"})"),
          "content_part.added" + at + R"(part={"text":"","type":"reasoning_text"})",
          "reasoning_text.delta" + at + R"(delta="raw")",
          "reasoning_text.done" + at + R"(text="raw")",
          "content_part.done" + at + R"(part={"text":"raw","type":"reasoning_text"})"));
}

TEST(ResponseEventsTest, OfAnItemNobodyKnowsPassItOn) {
  EXPECT_THAT(EventsOfItem(kUnknown),
              ElementsAre("output_item.added output_index=0 item=" + Canonical(kUnknown)));
}

TEST(ResponseEventsTest, NumberItemsAndPartsInOrder) {
  const auto events =
      EventsOf(StreamOfWhole(Endpoint::kResponses, Whole(kUnknown + "," + kText + "," + kCall)));
  EXPECT_THAT(events, testing::Contains(testing::StartsWith(
                          R"(output_text.done item_id="msg_1" output_index=1 content_index=0)")));
  EXPECT_THAT(events, testing::Contains(testing::StartsWith(
                          R"(function_call_arguments.done item_id="fc_1" output_index=2 name)")));
}

TEST(ResponseEventsTest, OpenWithAResponseThatHasNotSaidAnythingYet) {
  SseReader reader;
  const std::string stream = StreamOfWhole(Endpoint::kResponses, Whole(kText));
  reader.Feed(stream);
  const auto document = JsonDocument::Parse(reader.Next()->data);
  EXPECT_EQ(
      CanonicalJson(*Member(document->root(), "response")),
      Canonical(
          R"({"id":"resp_1","object":"response","created_at":7,"status":"in_progress","error":null,"output":[],"usage":null,"tools":[]})"));
}

}  // namespace
}  // namespace larder
