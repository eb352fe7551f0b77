#include "proxy/http/body_decoder.h"

#include <gtest/gtest.h>

#include <ostream>

namespace larder {
namespace {

using State = BodyDecoder::State;
using namespace std::string_literals;

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

std::vector<ChunkRow> ChunkRows() {
  const std::string long_line(300, 'x');
  return {
      {"Empty", "0\r\n\r\n", State::kEnd},
      {"One", "5\r\nhello\r\n0\r\n\r\n", State::kEnd, "hello"},
      {"Several", "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", State::kEnd, "abc"},
      {"HexOfBothCases", "a\r\n0123456789\r\nA\r\nabcdefghij\r\n0\r\n\r\n", State::kEnd,
       "0123456789abcdefghij"},
      {"LeadingZeros", "0000a\r\n0123456789\r\n000\r\n\r\n", State::kEnd, "0123456789"},
      {"DataOfCrlf", "4\r\n\r\n\r\n\r\n0\r\n\r\n", State::kEnd, "\r\n\r\n"},
      {"DataThatLooksLikeTheEnd", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", State::kEnd, "0\r\n\r\n"},
      {"DataOfEveryControlByte", "3\r\n\0\x7f\x01\r\n0\r\n\r\n"s, State::kEnd, "\0\x7f\x01"s},
      {"Extension", "5;a=b\r\nhello\r\n0;c\r\n\r\n", State::kEnd, "hello"},
      {"ExtensionQuoted", "5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n", State::kEnd, "hello"},
      {"ExtensionWithTab", "5;\ta\r\nhello\r\n0\r\n\r\n", State::kEnd, "hello"},
      {"Trailer", "0\r\nX-Sum: 1\r\nY: 2\r\n\r\n", State::kEnd},
      {"TrailerNamedContentLength", "0\r\nContent-Length: 7\r\n\r\n", State::kEnd},
      {"NoSize", "\r\nhello\r\n0\r\n\r\n", State::kRefused},
      {"SizeOfOnlyExtension", ";a\r\n", State::kRefused},
      {"SizeNotHex", "g\r\n", State::kRefused},
      {"SizeNegative", "-5\r\nhello\r\n", State::kRefused},
      {"SizeWithPlus", "+5\r\nhello\r\n", State::kRefused},
      {"SizeWith0x", "0x5\r\nhello\r\n", State::kRefused},
      {"SizeWithUnderscore", "1_0\r\n", State::kRefused},
      {"SizeWithSpaceBefore", " 5\r\nhello\r\n", State::kRefused},
      {"SizeWithSpaceBehind", "5 \r\nhello\r\n", State::kRefused},
      {"SizeWithSpaceBeforeExtension", "5 ;a\r\nhello\r\n", State::kRefused},
      {"SizeWithTabBehind", "5\t\r\nhello\r\n", State::kRefused},
      {"SizeWithComma", "5,5\r\nhello\r\n", State::kRefused},
      {"SizeWithNul", "5\0\r\nhello\r\n"s, State::kRefused},
      {"SizeOf16Digits", "1000000000000000\r\n", State::kRefused},
      {"SizeBeyondUint64", "10000000000000005\r\nhello\r\n0\r\n\r\n", State::kRefused},
      {"SizeOfManyZeros", std::string(40, '0').append("5\r\nhello\r\n"), State::kRefused},
      {"SizeEndedByLf", "5\nhello\r\n0\r\n\r\n", State::kRefused},
      {"SizeEndedByCr", "5\rhello\r\n", State::kRefused},
      {"SizeEndedByCrCrLf", "5\r\r\nhello\r\n", State::kRefused},
      {"ExtensionWithLf", "5;a\nhello\r\n0\r\n\r\n", State::kRefused},
      {"ExtensionWithCr", "5;a\rb\r\nhello\r\n", State::kRefused},
      {"ExtensionWithNul", "5;\0\r\nhello\r\n"s, State::kRefused},
      {"ExtensionTooLong", "5;" + long_line + "\r\nhello\r\n", State::kRefused},
      {"EndlessSizeLine", std::string(1000, '0'), State::kRefused},
      {"DataWithoutCrlf", "5\r\nhello0\r\n\r\n", State::kRefused},
      {"DataLongerThanSize", "5\r\nhello!\r\n0\r\n\r\n", State::kRefused},
      {"DataEndedByLf", "5\r\nhello\n0\r\n\r\n", State::kRefused},
      {"DataEndedByCr", "5\r\nhello\r0\r\n\r\n", State::kRefused},
      {"DataEndedByLfCr", "5\r\nhello\n\r0\r\n\r\n", State::kRefused},
      {"TrailerWithoutColon", "0\r\nGET /smuggled HTTP/1.1\r\n\r\n", State::kRefused},
      {"TrailerWithoutName", "0\r\n: a\r\n\r\n", State::kRefused},
      {"TrailerWithSpaceBeforeColon", "0\r\nA : b\r\n\r\n", State::kRefused},
      {"TrailerWithSpaceInName", "0\r\nGET http://x/ HTTP/1.1\r\n\r\n", State::kRefused},
      {"TrailerFolded", "0\r\nA: b\r\n c: d\r\n\r\n", State::kRefused},
      {"TrailerEndedByLf", "0\r\nA: b\n\r\n", State::kRefused},
      {"TrailerWithNul", "0\r\nA: \0\r\n\r\n"s, State::kRefused},
      {"TrailerTooLong", "0\r\nA: " + std::string(9000, 'a') + "\r\n\r\n", State::kRefused},
      {"EndByLf", "0\r\n\n", State::kRefused},
      {"EndByLfs", "0\n\n", State::kRefused},
      {"CutInSize", "5", State::kMore},
      {"CutInData", "5\r\nhel", State::kMore, "hel"},
      {"CutBehindData", "5\r\nhello", State::kMore, "hello"},
      {"CutBeforeLastChunk", "5\r\nhello\r\n", State::kMore, "hello"},
      {"CutInLastChunk", "5\r\nhello\r\n0\r\n", State::kMore, "hello"},
      {"CutInTrailer", "0\r\nA: b", State::kMore},
  };
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

INSTANTIATE_TEST_SUITE_P(, ChunkTable, testing::ValuesIn(ChunkRows()),
                         [](const auto& row) { return row.param.name; });

TEST(BodyDecoderTest, NeverTakesAByteOfTheNextRequest) {
  for (const ChunkRow& row : ChunkRows()) {
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
