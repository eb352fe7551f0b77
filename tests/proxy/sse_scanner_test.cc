#include "proxy/openai/sse_scanner.h"

#include <gtest/gtest.h>

#include "tests/support/vector_samples.h"

namespace larder {
namespace {

struct Verdict {
  bool terminated = false;
  bool failed = false;
  bool answered = false;
  std::uint64_t events = 0;
  std::int64_t prompt = -1;
  std::int64_t completion = -1;
  bool operator==(const Verdict&) const = default;
};
void PrintTo(const Verdict& v, std::ostream* out) {
  *out << "terminated " << v.terminated << ", failed " << v.failed << ", answered " << v.answered
       << ", events " << v.events << ", tokens " << v.prompt << "/" << v.completion;
}

Verdict VerdictOf(const SseScanner& s) {
  return {s.terminated(), s.failed(),        s.answered(),
          s.events(),     s.prompt_tokens(), s.completion_tokens()};
}

struct Case {
  const char* name;
  std::string stream;
  Verdict verdict;
  Endpoint endpoint = Endpoint::kChat;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

const std::string kText = R"(data: {"choices":[{"delta":{"content":"a"}}]})";

class SseScannerTest : public testing::TestWithParam<Case> {
 protected:
  static std::string WithLineEnds(const std::string& stream, const std::string& end) {
    std::string out;
    for (const char c : stream) c == '\n' ? out += end : out += c;
    return out;
  }
};

TEST_P(SseScannerTest, JudgesTheWholeStream) {
  SseScanner scanner(GetParam().endpoint);
  scanner.Feed(GetParam().stream);
  EXPECT_EQ(VerdictOf(scanner), GetParam().verdict);
}

TEST_P(SseScannerTest, JudgesTheSameWithEveryKindOfLineEnd) {
  for (const char* end : {"\r\n", "\r"}) {
    SseScanner scanner(GetParam().endpoint);
    scanner.Feed(WithLineEnds(GetParam().stream, end));
    EXPECT_EQ(VerdictOf(scanner), GetParam().verdict);
  }
}

TEST_P(SseScannerTest, JudgesTheSameWhereverItIsCutInTwo) {
  for (const char* end : {"\n", "\r\n", "\r"}) {
    const std::string stream = WithLineEnds(GetParam().stream, end);
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      SseScanner scanner(GetParam().endpoint);
      scanner.Feed(std::string_view(stream).substr(0, cut));
      scanner.Feed({});
      scanner.Feed(std::string_view(stream).substr(cut));
      ASSERT_EQ(VerdictOf(scanner), GetParam().verdict) << "cut at " << cut;
    }
  }
}

TEST_P(SseScannerTest, JudgesTheSameByteByByteAndInRandomPieces) {
  VectorSamples samples(3);
  for (int round = 0; round < 20; ++round) {
    SseScanner scanner(GetParam().endpoint);
    std::string_view rest = GetParam().stream;
    while (!rest.empty()) {
      const std::size_t size = round == 0 ? 1 : std::min(rest.size(), 1 + samples.Below(9));
      scanner.Feed(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    ASSERT_EQ(VerdictOf(scanner), GetParam().verdict);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Streams, SseScannerTest,
    testing::Values(
        Case{"Nothing", "", {}},
        Case{"Chat", kText + "\n\ndata: [DONE]\n\n", {true, false, true, 1, -1, -1}},
        Case{"ChatWithUsage",
             kText + "\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,"
                     "\"completion_tokens\":4}}\n\ndata: [DONE]\n\n",
             {true, false, true, 2, 3, 4}},
        Case{"NullUsage",
             "data: {\"usage\":null,\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n",
             {false, false, true, 1, -1, -1}},
        Case{"Unterminated", kText + "\n\n", {false, false, true, 1, -1, -1}},
        Case{"TheLastEventHasNoEmptyLine",
             kText + "\n\ndata: [DONE]\n",
             {false, false, true, 1, -1, -1}},
        Case{"NothingButTheEnd", "data: [DONE]\n\n", {true, false, false, 0, -1, -1}},
        Case{"NoSpaceBehindTheColon", "data:[DONE]\n\n", {true, false, false, 0, -1, -1}},
        Case{"TwoSpaces", "data:  [DONE]\n\n", {false, false, true, 1, -1, -1}},
        Case{"Comments",
             ": ping\n\n:\n\n" + kText + "\n\n: x\ndata: [DONE]\n: y\n\n",
             {true, false, true, 1, -1, -1}},
        Case{"OtherFields", "id: 1\nretry: 5\n" + kText + "\n\n", {false, false, true, 1, -1, -1}},
        Case{"DoneInsideAText",
             "data: {\"choices\":[{\"delta\":{\"content\":\"[DONE]\"}}]}\n\n",
             {false, false, true, 1, -1, -1}},
        Case{"DataOverTwoLines",
             "data: {\"type\":\ndata: \"response.completed\"}\n\n",
             {true, false, false, 0, -1, -1},
             Endpoint::kResponses},
        Case{"DataWithoutColon", "data\n\n", {false, false, true, 1, -1, -1}},
        Case{"EventWithoutData",
             "event: error\n\n" + kText + "\n\n",
             {false, false, true, 1, -1, -1}},
        Case{"ResponseCompleted",
             "event: response.output_text.delta\n"
             "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n"
             "event: response.completed\n"
             "data: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":5,"
             "\"output_tokens\":6}}}\n\n",
             {true, false, true, 1, 5, 6},
             Endpoint::kResponses},
        Case{"ResponseCompletedWithoutDeltas",
             "data: {\"type\":\"response.created\",\"response\":{\"output\":[]}}\n\n"
             "data: {\"type\":\"response.completed\",\"response\":{\"output\":"
             "[{\"type\":\"function_call\"}]}}\n\ndata: [DONE]\n\n",
             {true, false, true, 1, -1, -1},
             Endpoint::kResponses},
        Case{"ResponseThatSaysNothing",
             "data: {\"type\":\"response.completed\",\"response\":{\"output\":[]}}\n\n",
             {true, false, false, 0, -1, -1},
             Endpoint::kResponses},
        Case{"ResponseCompletedButNotIts",
             "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"failed\"}}\n\n",
             {true, true, false, 0, -1, -1},
             Endpoint::kResponses},
        Case{"ResponseCompletedWithAnError",
             "data: {\"type\":\"response.completed\",\"response\":{\"error\":{}}}\n\n",
             {true, true, false, 0, -1, -1},
             Endpoint::kResponses},
        Case{"DoneIsNoEndOfAResponse",
             "data: {\"type\":\"response.output_text.delta\"}\n\ndata: [DONE]\n\n",
             {false, false, true, 2, -1, -1},
             Endpoint::kResponses},
        Case{"ResponseCompletedIsNoEndOfAChat",
             kText + "\n\ndata: {\"type\":\"response.completed\"}\n\n",
             {false, false, true, 2, -1, -1}},
        Case{"DoneInTheMiddle",
             kText + "\n\ndata: [DONE]\n\n" + kText + "\n\n",
             {false, false, true, 1, -1, -1}},
        Case{"DoneInTheMiddleAndAtTheEnd",
             kText + "\n\ndata: [DONE]\n\n" + kText + "\n\ndata: [DONE]\n\n",
             {false, false, true, 1, -1, -1}},
        Case{"DoneTwice",
             kText + "\n\ndata: [DONE]\n\n: bye\n\ndata: [DONE]\n\n",
             {true, false, true, 1, -1, -1}},
        Case{"ResponseFailed",
             "data: {\"type\":\"response.failed\"}\n\n",
             {false, true, false, 1, -1, -1},
             Endpoint::kResponses},
        Case{"ResponseIncomplete",
             "data: {\"type\":\"response.incomplete\"}\n\n",
             {false, true, false, 1, -1, -1},
             Endpoint::kResponses},
        Case{"MessageStop",
             "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":2}}}\n\n"
             "data: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":9}}\n\n"
             "data: {\"type\":\"message_stop\"}\n\n",
             {true, false, false, 2, 2, 9},
             Endpoint::kMessages},
        Case{"MessageText",
             "data: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"text\","
             "\"text\":\"\"}}\n\n"
             "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\","
             "\"text\":\"a\"}}\n\n"
             "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n"
             "data: {\"type\":\"message_stop\"}\n\n",
             {true, false, true, 3, -1, -1},
             Endpoint::kMessages},
        Case{"MessageOfEmptyText",
             "data: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"text\","
             "\"text\":\"\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n",
             {true, false, false, 1, -1, -1},
             Endpoint::kMessages},
        Case{"MessageToolCall",
             "data: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"tool_use\"}}"
             "\n\n",
             {false, false, true, 1, -1, -1},
             Endpoint::kMessages},
        Case{"MessageToBeContinued",
             "data: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"tool_use\"}}"
             "\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"pause_turn\"}}"
             "\n\ndata: {\"type\":\"message_stop\"}\n\n",
             {true, true, true, 2, -1, -1},
             Endpoint::kMessages},
        Case{"MessageError",
             "event: error\ndata: {\"type\":\"error\",\"error\":{}}\n\n",
             {false, true, false, 1, -1, -1},
             Endpoint::kMessages},
        Case{"DoneIsNoEndOfAMessage",
             "data: {\"type\":\"message_start\"}\n\ndata: [DONE]\n\n",
             {false, false, false, 2, -1, -1},
             Endpoint::kMessages},
        Case{"AnErrorEvent",
             "event: error\ndata: {}\n\ndata: [DONE]\n\n",
             {true, true, true, 1, -1, -1}},
        Case{"AnErrorObject",
             "data: {\"error\":{\"message\":\"m\"}}\n\n",
             {false, true, true, 1, -1, -1}},
        Case{"ANullError",
             "data: {\"error\":null,\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n",
             {false, false, true, 1, -1, -1}},
        Case{"AnErrorBehindTheFirstText",
             kText + "\n\n" + "data: {\"error\":\"m\"}\n\n",
             {false, true, true, 2, -1, -1}},
        Case{"AnErrorFinish",
             kText + "\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\"}]}\n\n",
             {false, true, true, 2, -1, -1}},
        Case{"TheWordErrorInAText",
             "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"error\\\"\"}}]}\n\n",
             {false, false, true, 1, -1, -1}},
        Case{"AnErrorBehindTheEnd",
             "data: [DONE]\n\ndata: {\"error\":{}}\n\n",
             {false, true, false, 0, -1, -1}},
        Case{"NoJson", "data: hello\n\ndata: [DONE]\n\n", {true, false, true, 1, -1, -1}},
        Case{"OnlyARole",
             "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
             "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
             "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\ndata: [DONE]\n\n",
             {true, false, false, 3, 1, -1}},
        Case{"AToolCall",
             "data: {\"choices\":[{\"delta\":{\"content\":null,\"tool_calls\":[{\"index\":0}]}}]}"
             "\n\ndata: [DONE]\n\n",
             {true, false, true, 1, -1, -1}},
        Case{"ACompletion",
             "data: {\"choices\":[{\"text\":\"a\",\"index\":0}]}\n\n",
             {false, false, true, 1, -1, -1}}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace larder
