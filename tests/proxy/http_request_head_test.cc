#include "proxy/http/request_head.h"

#include <gtest/gtest.h>

#include "tests/support/request_rows.h"

namespace larder {
namespace {

using State = HeadParse::State;
using namespace std::string_literals;

HeadParse ParseWhole(std::string_view bytes, const HeadLimits& limits = {}) {
  std::size_t scanned = 0;
  return ParseRequestHead(bytes, limits, scanned);
}

// As a connection feeds it: one more byte each time, until there is a verdict.
HeadParse ParseByteByByte(std::string_view bytes, const HeadLimits& limits = {}) {
  std::size_t scanned = 0;
  HeadParse parse;
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    parse = ParseRequestHead(bytes.substr(0, size), limits, scanned);
    if (parse.state != State::kIncomplete) break;
  }
  return parse;
}

class RequestHeadTable : public testing::TestWithParam<RequestRow> {
 protected:
  // 0: well formed.
  static int status() { return GetParam().served() ? 0 : GetParam().right.front(); }
  static State state() { return GetParam().served() ? State::kComplete : State::kRefused; }
};

TEST_P(RequestHeadTable, HasTheExpectedVerdictWhole) {
  const HeadParse parse = ParseWhole(GetParam().head);
  ASSERT_EQ(parse.state, state()) << parse.status << " " << parse.reason;
  EXPECT_EQ(parse.status, status()) << parse.reason;
  EXPECT_EQ(parse.reason.empty(), GetParam().served());
}

TEST_P(RequestHeadTable, HasTheSameVerdictByteByByte) {
  const HeadParse parse = ParseByteByByte(GetParam().head);
  EXPECT_EQ(parse.state, state());
  EXPECT_EQ(parse.status, status()) << parse.reason;
}

TEST_P(RequestHeadTable, HasTheSameVerdictWithMoreBehindIt) {
  const HeadParse parse = ParseWhole(GetParam().bytes() + std::string(kSmuggled));
  EXPECT_EQ(parse.state, state());
  EXPECT_EQ(parse.status, status()) << parse.reason;
  if (GetParam().served()) {
    EXPECT_EQ(parse.consumed, GetParam().head.size());
  }
}

std::vector<RequestRow> HeadRows() {
  std::vector<RequestRow> rows = RequestRows();
  std::erase_if(rows, [](const RequestRow& row) { return row.fault_in_body; });
  return rows;
}

INSTANTIATE_TEST_SUITE_P(, RequestHeadTable, testing::ValuesIn(HeadRows()),
                         [](const auto& row) { return row.param.name; });

TEST(RequestHeadTest, EveryPrefixOfAGoodHeadIsIncomplete) {
  const std::string head = "POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n";
  for (std::size_t size = 0; size < head.size(); ++size) {
    EXPECT_EQ(ParseWhole(head.substr(0, size)).state, State::kIncomplete) << size;
  }
}

TEST(RequestHeadTest, KeepsMethodTargetVersionAndFieldsByteForByteAndInOrder) {
  const HeadParse parse = ParseWhole(
      "PATCH /v1/files/a%2Fb?x=%0d%0a&y=+ HTTP/1.0\r\nHost: h:1\r\nX-B: 1\r\nx-a: 2\r\nX-B: "
      "3\r\n\r\n");
  ASSERT_EQ(parse.state, State::kComplete);
  EXPECT_EQ(parse.head.method, "PATCH");
  EXPECT_EQ(parse.head.target, "/v1/files/a%2Fb?x=%0d%0a&y=+");
  EXPECT_EQ(parse.head.minor_version, 0);
  const std::vector<Headers::Field> fields = {
      {"Host", "h:1"}, {"X-B", "1"}, {"x-a", "2"}, {"X-B", "3"}};
  EXPECT_EQ(parse.head.headers.fields(), fields);
}

TEST(RequestHeadTest, FieldValuesSurviveByteForByte) {
  for (const std::string& value :
       {std::string("%0d%0aX-Injected: 1"), std::string("Bearer sk-%41%zz%"),
        std::string("a\tb  c"), std::string("\x80\xff\xc3\xa4"),
        std::string("\"quoted, \\\" text\""), std::string("a:b:c")}) {
    const HeadParse parse =
        ParseWhole("GET / HTTP/1.1\r\nHost: x\r\nAuthorization:" + value + "\r\n\r\n");
    ASSERT_EQ(parse.state, State::kComplete) << value;
    EXPECT_EQ(parse.head.headers.Find("authorization"), value);
    EXPECT_EQ(parse.head.headers.size(), 2U);
  }
}

TEST(RequestHeadTest, OptionalWhiteSpaceAroundAValueIsNotPartOfIt) {
  const HeadParse parse = ParseWhole("GET / HTTP/1.1\r\nHost: x\r\nA: \t b c \t \r\nB:\r\n\r\n");
  ASSERT_EQ(parse.state, State::kComplete);
  EXPECT_EQ(parse.head.headers.Find("a"), "b c");
  EXPECT_EQ(parse.head.headers.Find("b"), "");
}

TEST(RequestHeadTest, AbsoluteFormBecomesOriginForm) {
  const std::pair<std::string, std::string> rows[] = {
      {"http://x/v1/models?a=1", "/v1/models?a=1"},
      {"HTTPS://x/a", "/a"},
      {"http://x", "/"},
      {"http://x?q=/a", "/?q=/a"},
      {"http://x/", "/"},
  };
  for (const auto& [target, origin] : rows) {
    const HeadParse parse = ParseWhole("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_EQ(parse.state, State::kComplete) << target;
    EXPECT_EQ(parse.head.target, origin);
  }
}

TEST(RequestHeadTest, FramingIsLengthChunkedOrNone) {
  const auto framing = [](const std::string& field) {
    return ParseWhole("POST / HTTP/1.1\r\nHost: x\r\n" + field + "\r\n").head;
  };
  EXPECT_EQ(framing("Content-Length: 0012\r\n").content_length, 12U);
  EXPECT_FALSE(framing("Content-Length: 12\r\n").chunked);
  EXPECT_TRUE(framing("Transfer-Encoding: cHuNkEd\r\n").chunked);
  EXPECT_EQ(framing("Transfer-Encoding: chunked\r\n").content_length, std::nullopt);
  EXPECT_FALSE(framing("").chunked);
  EXPECT_EQ(framing("").content_length, std::nullopt);
}

TEST(RequestHeadTest, KeepAliveFollowsVersionAndConnection) {
  struct Row {
    std::string version;
    std::string connection;
    bool keep_alive;
  };
  for (const Row& row : std::vector<Row>{{"1.1", "", true},
                                         {"1.1", "Connection: close\r\n", false},
                                         {"1.1", "Connection: foo, ClOsE\r\n", false},
                                         {"1.1", "Connection: keep-alive, close\r\n", false},
                                         {"1.1", "Connection: closed\r\n", true},
                                         {"1.0", "", false},
                                         {"1.0", "Connection: Keep-Alive\r\n", true},
                                         {"1.0", "Connection: keep-alive, close\r\n", false}}) {
    const HeadParse parse =
        ParseWhole("GET / HTTP/" + row.version + "\r\nHost: x\r\n" + row.connection + "\r\n");
    ASSERT_EQ(parse.state, State::kComplete);
    EXPECT_EQ(parse.head.keep_alive, row.keep_alive) << row.version << " " << row.connection;
  }
}

TEST(RequestHeadTest, ExpectIsHeardInHttp11Only) {
  const auto expects = [](const std::string& version) {
    return ParseWhole("POST / HTTP/" + version +
                      "\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n")
        .head.expect_continue;
  };
  EXPECT_TRUE(expects("1.1"));
  EXPECT_FALSE(expects("1.0"));
}

TEST(RequestHeadTest, LimitsHoldExactlyWholeAndByteByByte) {
  const HeadLimits limits{.line_bytes = 40, .head_bytes = 100, .fields = 3};
  const auto line_of = [](std::size_t size) {
    return "GET /" + std::string(size - 14, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n";
  };
  const auto head_of = [](std::size_t size) {
    return "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(size - 32, 'a') + "\r\n\r\n";
  };
  const std::string fields = "GET / HTTP/1.1\r\nHost: x\r\na:\r\nb:\r\n";
  struct Row {
    std::string bytes;
    int status;
  };
  for (const Row& row : std::vector<Row>{{line_of(40), 0},
                                         {line_of(41), 414},
                                         {line_of(90), 414},
                                         {line_of(500), 414},
                                         {head_of(100), 0},
                                         {head_of(101), 431},
                                         {head_of(5000), 431},
                                         {fields + "\r\n", 0},
                                         {fields + "c:\r\n\r\n", 431}}) {
    EXPECT_EQ(ParseWhole(row.bytes, limits).status, row.status) << row.bytes.size();
    EXPECT_EQ(ParseByteByByte(row.bytes, limits).status, row.status) << row.bytes.size();
  }
}

TEST(RequestHeadTest, IsRefusedBeforeItIsWholeWhenItCanOnlyBeWrong) {
  for (const std::string& bytes :
       {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 13),
        std::string("GET /\r\n"), std::string("GET / HTTP/1.1\n"),
        std::string("GET / HTTP/1.1\r\nHost: x\n"), std::string("GET / HTTP/1.1\r\nHost: x\ry")}) {
    EXPECT_EQ(ParseWhole(bytes).status, 400) << bytes;
  }
}

TEST(RequestHeadTest, RandomBytesNeverCrashAndNeverCompleteWithoutAnEmptyLine) {
  std::uint64_t seed = 42;
  const std::string alphabet = "GET / HTTP/1.1\r\n:\r\n\r\nHost\0\x7f\xff,;"s;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes;
    for (int i = 0; i < 40; ++i) {
      seed = seed * 6364136223846793005U + 1442695040888963407U;
      bytes.push_back(alphabet[(seed >> 33) % alphabet.size()]);
    }
    const HeadParse parse = ParseWhole(bytes);
    if (parse.state == State::kComplete) {
      EXPECT_NE(bytes.find("\r\n\r\n"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace larder
