// The head of an answer, as the websocket handshake reads it.
#include "proxy/http/reply_head.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

using State = ReplyHeadParse::State;

ReplyHeadParse Parse(std::string_view bytes, HeadLimits limits = {}) {
  std::size_t scanned = 0;
  return ParseReplyHead(bytes, limits, scanned);
}

TEST(ReplyHeadTest, HasItsStatusAndFieldsAsReceived) {
  const std::string head =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX-Empty:\r\n"
      "sec-websocket-accept: \t s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \r\n\r\n";
  const auto parse = Parse(head + "\x81\x02hi");
  ASSERT_EQ(parse.state, State::kComplete) << parse.reason;
  EXPECT_EQ(parse.consumed, head.size());
  EXPECT_EQ(parse.head.status, 101);
  EXPECT_EQ(parse.head.headers.Find("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(parse.head.headers.Find("x-empty"), "");
  EXPECT_FALSE(parse.head.chunked);
  EXPECT_FALSE(parse.head.content_length);
}

TEST(ReplyHeadTest, MayLackAReasonAndTheSpaceBeforeIt) {
  for (const char* line : {"HTTP/1.1 401", "HTTP/1.1 401 ", "HTTP/1.0 401 Not \xc3\xa0 jour"}) {
    const auto parse = Parse(std::string(line) + "\r\n\r\n");
    EXPECT_EQ(parse.state, State::kComplete) << line << ": " << parse.reason;
    EXPECT_EQ(parse.head.status, 401);
  }
}

TEST(ReplyHeadTest, IsTheSameHoweverItArrives) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n\r\n";
  std::size_t scanned = 0;
  for (std::size_t size = 0; size < head.size(); ++size) {
    ASSERT_EQ(ParseReplyHead(head.substr(0, size), {}, scanned).state, State::kIncomplete) << size;
  }
  const auto parse = ParseReplyHead(head, {}, scanned);
  ASSERT_EQ(parse.state, State::kComplete);
  EXPECT_EQ(parse.head.content_length, 2U);
}

TEST(ReplyHeadTest, ChunkedOverridesALength) {
  const auto parse =
      Parse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: Chunked\r\n\r\n");
  ASSERT_EQ(parse.state, State::kComplete);
  EXPECT_TRUE(parse.head.chunked);
  EXPECT_FALSE(parse.head.content_length);
  EXPECT_FALSE(parse.head.headers.Has("content-length"));
}

TEST(ReplyHeadTest, EqualLengthsAreOne) {
  const auto parse = Parse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n");
  ASSERT_EQ(parse.state, State::kComplete);
  EXPECT_EQ(parse.head.content_length, 2U);
}

TEST(ReplyHeadTest, RefusesWhatTwoReadersCouldUnderstandDifferently) {
  const std::string line = "HTTP/1.1 200 OK\r\n";
  const std::pair<const char*, std::string> rows[] = {
      {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n"},
      {"HTTP/2", "HTTP/2 200 OK\r\n\r\n"},
      {"no version", "HTTP/1. 200 OK\r\n\r\n"},
      {"a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"},
      {"a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"},
      {"a status below 100", "HTTP/1.1 099 OK\r\n\r\n"},
      {"a status above 599", "HTTP/1.1 600 OK\r\n\r\n"},
      {"a control byte in the reason", "HTTP/1.1 200 O\x01K\r\n\r\n"},
      {"an empty line first", "\r\n" + line + "\r\n"},
      {"a bare LF", "HTTP/1.1 200 OK\nA: b\r\n\r\n"},
      {"a bare CR", line + "A: b\rC: d\r\n\r\n"},
      {"NUL in a value", line + std::string("A: b\0c\r\n\r\n", 10)},
      {"DEL in a value", line + "A: b\x7f\r\n\r\n"},
      {"a folded line", line + "A: b\r\n c\r\n\r\n"},
      {"white space before a colon", line + "A : b\r\n\r\n"},
      {"no colon", line + "A\r\n\r\n"},
      {"no name", line + ": b\r\n\r\n"},
      {"two lengths", line + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n"},
      {"a signed length", line + "Content-Length: +2\r\n\r\n"},
      {"a list of lengths", line + "Content-Length: 2, 2\r\n\r\n"},
      {"another coding", line + "Transfer-Encoding: gzip, chunked\r\n\r\n"},
      {"chunked twice", line + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
  };
  for (const auto& [name, bytes] : rows) {
    const auto parse = Parse(bytes);
    EXPECT_EQ(parse.state, State::kRefused) << name;
    EXPECT_FALSE(parse.reason.empty()) << name;
  }
}

TEST(ReplyHeadTest, RefusesEarlyWhatCanOnlyBeWrong) {
  for (const char* bytes : {"SSH-2.0", "HTTP/2", "HTTP/1.1 200 OK\nA"}) {
    EXPECT_EQ(Parse(bytes).state, State::kRefused) << bytes;
  }
}

TEST(ReplyHeadTest, IsBounded) {
  const HeadLimits limits{.head_bytes = 100, .fields = 2};
  const std::string line = "HTTP/1.1 200 OK\r\n";
  EXPECT_EQ(Parse(line + "A: 1\r\nB: 2\r\n\r\n", limits).state, State::kComplete);
  EXPECT_EQ(Parse(line + "A: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits).state, State::kRefused);
  const std::string padding(100 - line.size() - 3 - 4, 'x');
  EXPECT_EQ(Parse(line + "A: " + padding + "\r\n\r\n", limits).state, State::kComplete);
  EXPECT_EQ(Parse(line + "A: x" + padding + "\r\n\r\n", limits).state, State::kRefused);
  EXPECT_EQ(Parse(line + "A: " + std::string(100, 'x'), limits).state, State::kRefused);
}

}  // namespace
}  // namespace larder
