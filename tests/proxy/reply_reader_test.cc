// The head of an answer as PlainEngine takes it. What answers that are none become is in
// http_transport_fault_test.cc, for every transport.
#include "proxy/upstream/reply_reader.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

using State = ReplyReader::State;
using Framing = ReplyReader::Framing;

struct Row {
  std::string bytes;
  Framing framing;
  std::uint64_t length = 0;
  bool framed = true;
  bool keep_alive = true;
  bool to_head = false;
};

TEST(ReplyReaderTest, FramingAndWhatFollowsAreDecidedByTheHeadAlone) {
  for (const Row& row : {
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", Framing::kLength, 12},
           {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Framing::kLength, 0},
           {"HTTP/1.1 200\nContent-Length: 12\n\n", Framing::kLength, 12},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", Framing::kChunked},
           {"HTTP/1.1 200 OK\r\n\r\n", Framing::kClose, 0, false, false},
           {"HTTP/1.0 200 OK\r\n\r\n", Framing::kClose, 0, false, false},
           {"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", Framing::kNone, 5},
           {"HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n", Framing::kNone},
           {"HTTP/1.1 200 OK\r\n\r\n", Framing::kNone, 0, true, true, true},
           {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", Framing::kLength, 1, true, false},
           {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n", Framing::kLength,
            1, true, false},
           {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            Framing::kChunked, 1, false, false},
       }) {
    ReplyReader reader(row.to_head);
    std::size_t consumed = 0;
    ASSERT_EQ(reader.Read(row.bytes + "body", consumed), State::kHead) << row.bytes;
    EXPECT_EQ(consumed, row.bytes.size()) << row.bytes;
    EXPECT_EQ(reader.head().framing, row.framing) << row.bytes;
    EXPECT_EQ(reader.head().length, row.length) << row.bytes;
    EXPECT_EQ(reader.head().framed, row.framed) << row.bytes;
    EXPECT_EQ(reader.head().keep_alive, row.keep_alive) << row.bytes;
  }
}

TEST(ReplyReaderTest, AHeadIsTheSameHoweverItArrives) {
  const std::string bytes =
      "HTTP/1.1 100 Continue\r\nX: interim\r\n\r\n"
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
      "HTTP/1.1 429 Slow Down\r\nA: b\r\n  c\r\nX-Space : \ty \r\nX-Empty:\r\n"
      "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    ReplyReader reader(false);
    State state = State::kMore;
    std::size_t at = 0;
    while (state == State::kMore && at < bytes.size()) {
      std::size_t consumed = 0;
      state = reader.Read(std::string_view(bytes).substr(at, step), consumed);
      at += consumed;
    }
    ASSERT_EQ(state, State::kHead) << step;
    EXPECT_EQ(bytes.substr(at), "hi");
    EXPECT_EQ(reader.head().status, 429);
    const std::vector<Headers::Field> fields = {
        {"A", "b c"}, {"X-Space", "y"}, {"X-Empty", ""}, {"content-length", "2"}};
    EXPECT_EQ(reader.head().headers.fields(), fields);
  }
}

TEST(ReplyReaderTest, WhatIsNoHttpIsRefusedBeforeItsLineHasEnded) {
  for (const std::string bytes : {"S", "HTTP/2", "HTTP/1.1x", "\r\n", "http/1.1 200 OK"}) {
    ReplyReader reader(false);
    std::size_t consumed = 0;
    const State state = reader.Read(bytes, consumed);
    EXPECT_EQ(state, bytes == "HTTP/1.1x" ? State::kMore : State::kRefused) << bytes;
  }
}

TEST(ReplyReaderTest, FoldedLinesCountAsFieldsDo) {
  std::string bytes = "HTTP/1.1 200 OK\r\nA: b\r\n";
  for (std::size_t i = 1; i < ReplyReader::kMaxFieldLines; ++i) bytes += " c\r\n";
  for (const bool one_more : {false, true}) {
    ReplyReader reader(false);
    std::size_t consumed = 0;
    EXPECT_EQ(reader.Read(bytes + (one_more ? " c\r\n\r\n" : "\r\n"), consumed),
              one_more ? State::kRefused : State::kHead);
  }
}

}  // namespace
}  // namespace larder
