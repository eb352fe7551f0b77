#include <gmock/gmock.h>

#include "tests/proxy/answer_forms.h"

namespace larder {
namespace {

using testing::ElementsAre;

// An answer whose content is `blocks`.
std::string Whole(const std::string& blocks) {
  return R"({"id":"msg_1","type":"message","role":"assistant","model":"m","content":[)" + blocks +
         R"(],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"cache_read_input_tokens":0,"output_tokens":14,"server_tool_use":null}})";
}
// The stream of `events`, the usual around them.
std::string Stream(const std::vector<std::string>& events) {
  std::vector<std::string> all = {
      R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"cache_read_input_tokens":0,"output_tokens":1,"server_tool_use":null}}})",
      R"({"type":"ping"})"};
  all.insert(all.end(), events.begin(), events.end());
  all.emplace_back(
      R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":14,"cache_read_input_tokens":null}})");
  all.emplace_back(R"({"type":"message_stop"})");
  return StreamOf(all);
}
std::string Start(int index, const std::string& block) {
  return R"({"type":"content_block_start","index":)" + std::to_string(index) +
         R"(,"content_block":)" + block + "}";
}
std::string Delta(int index, const std::string& delta) {
  return R"({"type":"content_block_delta","index":)" + std::to_string(index) + R"(,"delta":)" +
         delta + "}";
}

struct Case {
  const char* name;
  std::vector<std::string> events;
  std::string blocks;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class MessageStreamTest : public testing::TestWithParam<Case> {};
TEST_P(MessageStreamTest, IsAssembled) {
  EXPECT_EQ(Canonical(WholeOf(Endpoint::kMessages, Stream(GetParam().events))),
            Canonical(Whole(GetParam().blocks)));
}
TEST_P(MessageStreamTest, MadeOfAWholeAnswerMakesItAgain) {
  ExpectRoundTrip(Endpoint::kMessages, Whole(GetParam().blocks), AnswerForm::kStream);
}
INSTANTIATE_TEST_SUITE_P(
    Streams, MessageStreamTest,
    testing::Values(
        Case{"Text",
             {Start(0, R"({"type":"text","text":""})"),
              Delta(0, R"({"type":"text_delta","text":"a\ud83d"})"),
              Delta(0, R"({"type":"text_delta","text":"\ude00"})"),
              R"({"type":"content_block_stop","index":0})"},
             "{\"type\":\"text\",\"text\":\"a\xF0\x9F\x98\x80\"}"},
        Case{"Citations",
             {Start(0, R"({"type":"text","text":"","citations":[]})"),
              Delta(0, R"({"type":"citations_delta","citation":{"n":1}})"),
              Delta(0, R"({"type":"text_delta","text":"a"})"),
              Delta(0, R"({"type":"citations_delta","citation":{"n":2}})")},
             R"({"type":"text","text":"a","citations":[{"n":1},{"n":2}]})"},
        Case{"NullCitations",
             {Start(0, R"({"type":"text","text":"a","citations":null})")},
             R"({"type":"text","text":"a","citations":null})"},
        Case{"Thinking",
             {Start(0, R"({"type":"thinking","thinking":"","signature":""})"),
              Delta(0, R"({"type":"thinking_delta","thinking":"h"})"),
              Delta(0, R"({"type":"thinking_delta","thinking":"m"})"),
              Delta(0, R"({"type":"signature_delta","signature":"s=="})"),
              Start(1, R"({"type":"redacted_thinking","data":"d"})"),
              Start(2, R"({"type":"text","text":"a"})")},
             R"({"type":"thinking","thinking":"hm","signature":"s=="},
                {"type":"redacted_thinking","data":"d"},{"type":"text","text":"a"})"},
        Case{
            "ToolUse",
            {Start(1, R"({"type":"tool_use","id":"t","name":"f","input":{}})"),
             Start(0, R"({"type":"text","text":"a"})"),
             Delta(1, R"({"type":"input_json_delta","partial_json":""})"),
             Delta(1, R"({"type":"input_json_delta","partial_json":"{\"big\": 18446744073"})"),
             Delta(
                 1,
                 R"({"type":"input_json_delta","partial_json":"709551615, \"t\":\"\\ud83d\\ude00\\n\"}"})")},
            R"({"type":"text","text":"a"},{"type":"tool_use","id":"t","name":"f",
                "input":{"big":18446744073709551615,"t":"\ud83d\ude00\n"}})"},
        Case{"ToolUseWithoutInput",
             {Start(0, R"({"type":"tool_use","id":"t","name":"f","input":{}})"),
              Delta(0, R"({"type":"input_json_delta","partial_json":""})")},
             R"({"type":"tool_use","id":"t","name":"f","input":{}})"},
        Case{"ABlockNobodyKnows",
             {Start(0, R"({"type":"new_result","content":[{"type":"text","text":"a"}]})")},
             R"({"type":"new_result","content":[{"type":"text","text":"a"}]})"}),
    [](const auto& info) { return info.param.name; });

TEST(MessageStreamEndTest, TakesTheCountsOfItsEndAndWhateverElseItTells) {
  const std::string whole = WholeOf(
      Endpoint::kMessages,
      StreamOf(
          {R"({"type":"message_start","message":{"id":"m","stop_reason":null,"usage":{"input_tokens":3,"output_tokens":1}}})",
           Start(0, R"({"type":"text","text":"a"})"),
           R"({"type":"message_delta","delta":{"stop_reason":"tool_use","container":{"id":"c"}},"usage":{"output_tokens":2},"context_management":{"e":1}})",
           R"({"type":"message_delta","delta":{},"usage":{"input_tokens":5,"output_tokens":9}})",
           R"({"type":"message_stop"})"}));
  EXPECT_EQ(Canonical(whole),
            Canonical(R"({"id":"m","stop_reason":"tool_use","container":{"id":"c"},
      "context_management":{"e":1},"usage":{"input_tokens":5,"output_tokens":9},
      "content":[{"type":"text","text":"a"}]})"));
}

TEST(MessageStreamEndTest, IsNotUnderstoodWhenAnInputIsNoJson) {
  EXPECT_EQ(WholeOf(Endpoint::kMessages,
                    Stream({Start(0, R"({"type":"tool_use","input":{}})"),
                            Delta(0, R"({"type":"input_json_delta","partial_json":"{\"a\":"})")})),
            "none");
}

TEST(MessageEventsTest, AreNamedAndComeInOrder) {
  SseReader reader;
  const std::string stream = StreamOfWhole(
      Endpoint::kMessages,
      Whole(
          R"({"type":"text","text":"a"},{"type":"tool_use","id":"t","name":"f","input":{"a":1.0}})"));
  reader.Feed(stream);
  std::vector<std::string> events;
  while (const auto event = reader.Next()) {
    events.emplace_back(event->data);
    EXPECT_TRUE(event->data.starts_with("{\"type\":\"" + std::string(event->name) + "\""));
  }
  EXPECT_THAT(
      events,
      ElementsAre(
          R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"cache_read_input_tokens":0,"output_tokens":0,"server_tool_use":null}}})",
          R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
          R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}})",
          R"({"type":"content_block_stop","index":0})",
          R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}})",
          R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1.0}"}})",
          R"({"type":"content_block_stop","index":1})",
          R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":14}})",
          R"({"type":"message_stop"})"));
}

}  // namespace
}  // namespace larder
