#include "proxy/http/body_decoder.h"

#include <gtest/gtest.h>

#include <ostream>

#include "tests/support/request_rows.h"

namespace larder {
namespace {

using State = BodyDecoder::State;
const std::string kNext = "0\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n";

RequestHead Chunked() {
  RequestHead head;
  head.chunked = true;
  return head;
}

RequestHead OfLength(std::uint64_t length) {
  RequestHead head;
  head.content_length = length;
  return head;
}

struct Decoded {
  State state = State::kMore;
  std::string body;
  std::size_t consumed = 0;
};

// Feeds `bytes` in two pieces, split at `split`, with room for `max_out` bytes at a time.
Decoded Decode(const RequestHead& head, std::string_view bytes, std::size_t split = 0,
               std::size_t max_out = 1 << 20) {
  BodyDecoder decoder(head);
  Decoded decoded;
  for (const std::size_t end : {split, bytes.size()}) {
    std::size_t consumed = 1;
    std::string out;
    while (decoded.state == State::kMore && (consumed > 0 || !out.empty())) {
      out.clear();
      decoded.state = decoder.Decode(bytes.substr(decoded.consumed, end - decoded.consumed),
                                     max_out, consumed, out);
      EXPECT_LE(out.size(), max_out);
      decoded.consumed += consumed;
      decoded.body += out;
    }
  }
  EXPECT_EQ(decoder.decoded(), decoded.body.size());
  return decoded;
}

struct ChunkRow {
  std::string name;
  std::string bytes;
  State state;
  std::string body = {};
};

std::ostream& operator<<(std::ostream& out, const ChunkRow& row) {
  return out << row.name;
}

// The bodies of the table of requests, and those that have not ended.
std::vector<ChunkRow> ChunkedBodies() {
  std::vector<ChunkRow> rows = {
      {"EndlessSizeLine", std::string(1000, '0'), State::kRefused},
      {"EndlessExtension", "5;" + std::string(1000, 'x'), State::kRefused},
      {"CutInSize", "5", State::kMore},
      {"CutInExtension", "5;a=\"", State::kMore},
      {"CutInData", "5\r\nhel", State::kMore, "hel"},
      {"CutBehindData", "5\r\nhello", State::kMore, "hello"},
      {"CutBeforeLastChunk", "5\r\nhello\r\n", State::kMore, "hello"},
      {"CutInLastChunk", "5\r\nhello\r\n0\r\n", State::kMore, "hello"},
      {"CutInTrailer", "0\r\nA: b", State::kMore},
  };
  for (const RequestRow& row : ChunkRows()) {
    rows.push_back({row.name, row.body, row.served() ? State::kEnd : State::kRefused, row.content});
  }
  return rows;
}

class ChunkTable : public testing::TestWithParam<ChunkRow> {};

TEST_P(ChunkTable, HasTheExpectedVerdictSplitAtEveryPosition) {
  const ChunkRow& row = GetParam();
  for (std::size_t split = 0; split <= row.bytes.size(); ++split) {
    const Decoded decoded = Decode(Chunked(), row.bytes, split);
    ASSERT_EQ(decoded.state, row.state) << split;
    if (row.state != State::kRefused) {
      EXPECT_EQ(decoded.body, row.body) << split;
      EXPECT_EQ(decoded.consumed, row.bytes.size()) << split;
    }
  }
}

TEST_P(ChunkTable, IsTheSameWithRoomForOneByte) {
  const Decoded decoded = Decode(Chunked(), GetParam().bytes, 0, 1);
  EXPECT_EQ(decoded.state, GetParam().state);
  if (GetParam().state != State::kRefused) {
    EXPECT_EQ(decoded.body, GetParam().body);
  }
}

INSTANTIATE_TEST_SUITE_P(, ChunkTable, testing::ValuesIn(ChunkedBodies()),
                         [](const auto& row) { return row.param.name; });

TEST(BodyDecoderTest, NeverTakesAByteOfTheNextRequest) {
  for (const ChunkRow& row : ChunkedBodies()) {
    if (row.state != State::kEnd) continue;
    const std::string bytes = row.bytes + kNext;
    for (std::size_t split = 0; split <= bytes.size(); ++split) {
      EXPECT_EQ(Decode(Chunked(), bytes, split).consumed, row.bytes.size()) << row.name;
    }
  }
  for (std::size_t split = 0; split <= 5 + kNext.size(); ++split) {
    const Decoded decoded = Decode(OfLength(5), "hello" + kNext, split);
    EXPECT_EQ(decoded.state, State::kEnd);
    EXPECT_EQ(decoded.consumed, 5U);
    EXPECT_EQ(decoded.body, "hello");
  }
}

TEST(BodyDecoderTest, ABodyOfLengthZeroOrNoneHasEndedAtOnce) {
  for (const RequestHead& head : {OfLength(0), RequestHead{}}) {
    const Decoded decoded = Decode(head, kNext);
    EXPECT_EQ(decoded.state, State::kEnd);
    EXPECT_EQ(decoded.consumed, 0U);
  }
}

TEST(BodyDecoderTest, ABodyShortOfItsLengthWantsMore) {
  const Decoded decoded = Decode(OfLength(6), "hello");
  EXPECT_EQ(decoded.state, State::kMore);
  EXPECT_EQ(decoded.body, "hello");
}

TEST(BodyDecoderTest, WithoutRoomItTakesNoData) {
  BodyDecoder decoder(OfLength(5));
  std::size_t consumed = 9;
  std::string out;
  EXPECT_EQ(decoder.Decode("hello", 0, consumed, out), State::kMore);
  EXPECT_EQ(consumed, 0U);
  EXPECT_EQ(out, "");
}

TEST(BodyDecoderTest, ALargestSizeIsCountedWithoutOverflow) {
  const Decoded decoded = Decode(Chunked(), "fffffffffffffff\r\nabc");
  EXPECT_EQ(decoded.state, State::kMore);
  EXPECT_EQ(decoded.body, "abc");
}

TEST(BodyDecoderTest, TrailersAreBoundedTogether) {
  std::string bytes = "0\r\n";
  for (int i = 0; i < 10000; ++i) bytes += "A: b\r\n";
  EXPECT_EQ(Decode(Chunked(), bytes).state, State::kRefused);
}

}  // namespace
}  // namespace larder
