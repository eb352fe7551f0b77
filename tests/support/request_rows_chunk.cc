#include "tests/support/request_rows.h"

// RFC 9112, section 7.1: chunk-size [ chunk-ext ] CRLF chunk-data CRLF, a last chunk of size 0,
// trailer fields, an empty line. Section 2.2 allows a bare LF in a head, not here. Where a size is
// wrong, what it may be mistaken for makes of the rest a request.

namespace larder {
namespace {

using namespace std::string_literals;

const char* const kEnd = "0\r\n\r\n";

// A chunk with this size line that holds kSmuggled, and the end.
std::string Sized(const std::string& size_line) {
  return size_line + std::string(kSmuggled) + "\r\n" + kEnd;
}

// This instead of a last chunk, and kSmuggled behind it.
std::string Ended(const std::string& end) {
  return end + std::string(kSmuggled);
}

std::vector<RequestRow> RightChunks() {
  const std::string smuggled(kSmuggled);
  struct Right {
    const char* name;
    std::string body;
    std::string content = std::string(kSmuggled);
    std::vector<int> right = {kServed};
  };
  const std::vector<Right> right = {
      {"ChunkNone", kEnd, ""},
      {"ChunksSeveral", "1\r\na\r\n2\r\nbc\r\n"s + kEnd, "abc"},
      {"ChunkSizeOfBothCases", "a\r\n0123456789\r\nA\r\nabcdefghij\r\n"s + kEnd,
       "0123456789abcdefghij"},
      {"ChunkSizeInUpperCase", Sized("2B\r\n")},
      {"ChunkSizeWithLeadingZeros", Sized("0002b\r\n")},
      {"ChunkLastOfSeveralZeros", "5\r\nhello\r\n000\r\n\r\n", "hello"},
      {"ChunkDataOfLineEnds", "4\r\n\r\n\r\n\r\n"s + kEnd, "\r\n\r\n"},
      {"ChunkDataThatLooksLikeTheEnd", "30\r\n0\r\n\r\n" + smuggled + "\r\n" + kEnd,
       "0\r\n\r\n" + smuggled},
      {"ChunkDataOfControlBytes", "3\r\n\0\x7f\x01\r\n0\r\n\r\n"s, "\0\x7f\x01"s},
      {"ExtensionWithoutValue", Sized("2b;a\r\n")},
      {"ExtensionWithValue", Sized("2b;a=b\r\n")},
      {"ExtensionsSeveral", Sized("2b;a=b;c;d=\"e\"\r\n")},
      {"ExtensionQuoted", Sized("2b;a=\"b;c \\\" \x80\"\r\n")},
      {"ExtensionOfLastChunk", "5\r\nhello\r\n0;a=b\r\n\r\n", "hello"},
      // Section 7.1.1: white space around ';' and '=' is bad and to be read.
      {"ExtensionWithSpaces", Sized("2b; a = b\r\n")},
      {"ExtensionWithTab", Sized("2b;\ta\r\n")},
      {"Trailer", "5\r\nhello\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n", "hello"},
      // Section 7.1.2: fields that frame are to be ignored in trailers.
      {"TrailerNamedContentLength", "0\r\nContent-Length: 43\r\n\r\n", "", {kServed, 400}},
      {"TrailerNamedTransferEncoding", "0\r\nTransfer-Encoding: x\r\n\r\n", "", {kServed, 400}},
      {"TrailerNamedHost", "0\r\nHost: y\r\n\r\n", "", {kServed, 400}},
  };
  std::vector<RequestRow> rows;
  for (const Right& row : right) {
    rows.push_back({row.name, "", row.body, row.right, kHigh, row.content});
  }
  return rows;
}

struct Wrong {
  const char* name;
  std::string body;
  std::vector<int> right = {400};
  bool high_risk = kHigh;
};

std::vector<Wrong> WrongSizes() {
  return {
      {"ChunkSizeMissing", Ended("\r\n\r\n")},
      {"ChunkSizeOnlyExtension", Ended(";a\r\n\r\n")},
      {"ChunkSizeNotHex", Ended("g\r\n\r\n")},
      {"ChunkSizeNegative", Sized("-2b\r\n")},
      {"ChunkSizeNegativeZero", Ended("-0\r\n\r\n")},
      {"ChunkSizeWithPlus", Sized("+2b\r\n")},
      {"ChunkSizeWith0x", Ended("0x2b\r\n\r\n")},
      {"ChunkSizeWithUnderscore", Sized("2_b\r\n")},
      {"ChunkSizeWithComma", Ended("0,0\r\n\r\n")},
      {"ChunkSizeWithLetterBehind", Ended("0g\r\n\r\n")},
      {"ChunkSizeWithSpaceBefore", Sized(" 2b\r\n"), {400}, false},
      {"ChunkSizeWithSpaceBehind", Sized("2b \r\n"), {400}, false},
      {"ChunkSizeWithTabBehind", Sized("2b\t\r\n"), {400}, false},
      {"ChunkSizeWithInnerSpace", Ended("0 2b\r\n\r\n")},
      {"ChunkSizeWithNul", Sized("2b\0\r\n"s)},
      {"ChunkSizeOf16Digits", Sized("fffffffffffffff0\r\n"), {400, 413}},
      {"ChunkSizeBeyondUint64", Sized("1000000000000002b\r\n"), {400, 413}},
      {"ChunkSizeBeyondUint64IsNoZero", Ended("10000000000000000\r\n\r\n"), {400, 413}},
      // Section 7.1 sets no bound to the zeros.
      {"ChunkSizeOfManyZeros", Sized(std::string(40, '0') + "2b\r\n"), {400, 413, kServed}},
      {"ChunkSizeEndedByLf", Sized("2b\n")},
      {"ChunkSizeEndedByCr", Sized("2b\r")},
      {"ChunkSizeEndedByCrCrLf", Sized("2b\r\r\n")},
      {"ChunkSizeEndedByLfCr", Sized("2b\n\r")},
  };
}

std::vector<Wrong> WrongExtensions() {
  return {
      // Section 7.1.1: white space before ';' is bad and to be read; Larder reads none.
      {"ExtensionWithSpaceBefore", Sized("2b ;a\r\n"), {400, kServed}, false},
      {"ExtensionEmpty", Sized("2b;\r\n"), {400}, false},
      {"ExtensionWithoutName", Sized("2b;=b\r\n"), {400}, false},
      {"ExtensionWithEmptyValue", Sized("2b;a=\r\n"), {400}, false},
      {"ExtensionQuoteUnclosed", Sized("2b;a=\"b\r\n"), {400}},
      {"ExtensionBehindQuote", Sized("2b;a=\"b\"c\r\n"), {400}, false},
      {"ExtensionOfTwoWords", Sized("2b;a b\r\n"), {400}, false},
      {"ExtensionWithBracket", Sized("2b;a(b)\r\n"), {400}, false},
      {"ExtensionWithLf", Sized("2b;a\nb\r\n")},
      {"ExtensionEndedByLf", Sized("2b;a\n")},
      {"ExtensionWithCr", Sized("2b;a\rb\r\n")},
      {"ExtensionWithNul", Sized("2b;a\0\r\n"s)},
      {"ExtensionWithQuotedLineEnd", Sized("2b;a=\"\r\n\"\r\n")},
      // Own limit.
      {"ExtensionTooLong", Sized("2b;" + std::string(300, 'x') + "\r\n"), {400, 413, kServed}},
  };
}

std::vector<Wrong> WrongData() {
  return {
      {"ChunkDataWithoutCrlf", "5\r\nhello" + Ended(kEnd)},
      {"ChunkDataLongerThanSize", "5\r\nhello!\r\n" + Ended(kEnd)},
      {"ChunkDataLongerByTwo", "5\r\nhelloXX" + Ended(kEnd)},
      {"ChunkDataEndedByLf", "5\r\nhello\n" + Ended(kEnd)},
      {"ChunkDataEndedByCr", "5\r\nhello\r" + Ended(kEnd)},
      {"ChunkDataEndedByLfCr", "5\r\nhello\n\r" + Ended(kEnd)},
      {"ChunkDataEndedByTwoCrlf", "5\r\nhello\r\n\r\n" + Ended(kEnd)},
  };
}

std::vector<Wrong> WrongTrailers() {
  return {
      {"TrailerWithoutColon", "0\r\n" + std::string(kSmuggled)},
      {"TrailerWithoutName", Ended("0\r\n: a\r\n\r\n")},
      {"TrailerWithSpaceBeforeColon", Ended("0\r\nA : b\r\n\r\n")},
      {"TrailerWithSpaceInName", "0\r\nGET http://x/v1/echo?smuggled HTTP/1.1\r\n\r\n"},
      // As in a head, it may be refused or taken for spaces.
      {"TrailerFolded", "0\r\nA: b\r\n c: d\r\n\r\n", {400, kServed}},
      {"TrailerEndedByLf", "0\r\nA: b\n\r\n", {400, kServed}},
      {"TrailerWithCr", Ended("0\r\nA: b\rC: d\r\n\r\n")},
      {"TrailerWithNul", Ended("0\r\nA: \0\r\n\r\n"s)},
      // Own limit.
      {"TrailerTooLong", "0\r\nA: " + std::string(9000, 'a') + "\r\n\r\n", {400, 431, kServed}},
      {"ChunkLastEndedByLf", Ended("0\n\r\n")},
      {"ChunkLastEndedByLfs", Ended("0\n\n")},
      {"ChunkEndByLf", Ended("0\r\n\n")},
      {"ChunkEndByCr", Ended("0\r\n\r")},
  };
}

}  // namespace

std::vector<RequestRow> ChunkRows() {
  std::vector<RequestRow> rows = RightChunks();
  for (const auto& part : {WrongSizes(), WrongExtensions(), WrongData(), WrongTrailers()}) {
    for (const Wrong& row : part) {
      rows.push_back({row.name, "", row.body, row.right, row.high_risk, "", true});
    }
  }
  for (RequestRow& row : rows) row.head = HeadWith({"Transfer-Encoding: chunked"});
  return rows;
}

}  // namespace larder
