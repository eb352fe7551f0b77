#include "tests/support/request_rows.h"

// Behind each head stands what it may be mistaken to frame: kSmuggled right behind it where a
// length is wrong, the end of a chunked body and then kSmuggled where a coding is.

namespace larder {
namespace {

using namespace std::string_literals;

// RFC 9112, section 6.3; RFC 9110, section 8.6.
std::vector<RequestRow> RightLengths() {
  const std::string body(kSmuggled);
  const std::string zero = "Content-Length: 0";
  std::vector<RequestRow> rows = {
      {"Length", HeadWith({"Content-Length: 43"}), body, {kServed}, kHigh},
      {"LengthOfGet", HeadWith({"Content-Length: 43"}, "GET"), body, {kServed, 400}, kHigh},
      {"LengthOfDelete", HeadWith({"Content-Length: 43"}, "DELETE"), body, {kServed, 400}, kHigh},
      {"LengthOfOptions", HeadWith({"Content-Length: 43"}, "OPTIONS"), body, {kServed}, kHigh},
      {"LengthWithLeadingZeros", HeadWith({"Content-Length: 0043"}), body, {kServed}, kHigh},
      {"LengthInOtherCase", HeadWith({"cOnTeNt-LeNgTh: 43"}), body, {kServed}, kHigh},
      {"LengthWithSpaceAround", HeadWith({"Content-Length: \t 43 "}), body, {kServed}, kHigh},
      {"LengthNamedByConnection",
       HeadWith({"Content-Length: 43", "Connection: content-length"}),
       body,
       {kServed, 400},
       kHigh},
      {"LengthOfHttp10",
       "POST /v1/echo HTTP/1.0\r\nContent-Length: 43\r\n\r\n",
       body,
       {kServed},
       kHigh},
      {"ExpectContinue",
       HeadWith({"Content-Length: 43", "Expect: 100-continue"}),
       body,
       {kServed},
       kHigh},
  };
  for (RequestRow& row : rows) row.content = kSmuggled;
  rows.push_back({"LengthZero", HeadWith({zero}), "", {kServed}});
  rows.push_back({"LengthZeroOfGet", HeadWith({zero}, "GET"), "", {kServed}});
  rows.push_back({"PostWithoutLength", HeadWith({}), "", {kServed, 411}});
  return rows;
}

std::vector<RequestRow> WrongLengths() {
  struct Wrong {
    const char* name;
    std::vector<std::string> lines;
    std::vector<int> right = {400};
  };
  const std::vector<Wrong> wrong = {
      {"LengthEmpty", {"Content-Length:"}},
      {"LengthNegative", {"Content-Length: -43"}},
      {"LengthWithPlus", {"Content-Length: +43"}},
      {"LengthHexadecimal", {"Content-Length: 0x2b"}},
      {"LengthWithFraction", {"Content-Length: 43.0"}},
      {"LengthWithExponent", {"Content-Length: 43e0"}},
      {"LengthWithLetter", {"Content-Length: 43a"}},
      {"LengthWithInnerSpace", {"Content-Length: 4 3"}},
      {"LengthWithUnderscore", {"Content-Length: 4_3"}},
      {"LengthWithVerticalTab", {"Content-Length: \v43"}},
      {"LengthWithNul", {"Content-Length: 43\0"s}},
      {"LengthWithBareCr", {"Content-Length: 43\rA: b"}},
      {"LengthOfArabicDigits", {"Content-Length: \xd9\xa4\xd9\xa3"}},
      {"LengthQuoted", {"Content-Length: \"43\""}},
      // RFC 9110, section 8.6: equal ones may be taken for one.
      {"LengthListOfSame", {"Content-Length: 43, 43"}, {400, kServed}},
      {"LengthTwiceTheSame", {"Content-Length: 43", "Content-Length: 43"}, {400, kServed}},
      {"LengthListOfDiffering", {"Content-Length: 43, 0"}},
      {"LengthListOfDifferingTheOtherWay", {"Content-Length: 0, 43"}},
      {"LengthTwiceDiffering", {"Content-Length: 43", "Content-Length: 0"}},
      {"LengthTwiceDifferingTheOtherWay", {"Content-Length: 0", "Content-Length: 43"}},
      {"LengthTwiceInOtherCase", {"Content-Length: 0", "content-length: 43"}},
      {"LengthThenEmptyLength", {"Content-Length: 43", "Content-Length:"}},
      {"LengthOfUint64Max", {"Content-Length: 18446744073709551615"}, {400, 413}},
      {"LengthBeyondUint64", {"Content-Length: 18446744073709551659"}, {400, 413}},
      {"LengthBeyondInt64", {"Content-Length: 9223372036854775851"}, {400, 413}},
      {"LengthBeyondEverything", {"Content-Length: " + std::string(400, '9')}, {400, 413}},
      {"LengthOfManyZeros",
       {"Content-Length: " + std::string(40, '0') + "43"},
       {400, 413, kServed}},
      {"SpaceBeforeLengthColon", {"Content-Length : 43"}},
      {"TabBeforeLengthColon", {"Content-Length\t: 43"}},
      {"SpaceInLengthName", {"Content Length: 43"}},
      {"LengthFolded", {"Content-Length:", " 43"}, {400, kServed}},
      {"LengthContinued", {"Content-Length: 4", " 3"}},
      {"LengthBehindBareLf", {"A: b\nContent-Length: 43"}, {400, kServed}},
      {"LengthBehindBareCr", {"A: b\rContent-Length: 43"}},
      {"LengthBehindVerticalTab", {"\vContent-Length: 43"}},
  };
  std::vector<RequestRow> rows;
  for (const Wrong& row : wrong) {
    rows.push_back({row.name, HeadWith(row.lines), std::string(kSmuggled), row.right, kHigh});
  }
  return rows;
}

// RFC 9112, sections 6.1 and 7.
std::vector<RequestRow> RightCodings() {
  std::vector<RequestRow> rows = {
      {"Chunked", HeadWith({"Transfer-Encoding: chunked"}), "", {kServed}, kHigh},
      {"ChunkedInOtherCase", HeadWith({"transfer-encoding: CHUNKED"}), "", {kServed}, kHigh},
      {"ChunkedWithSpaceAround",
       HeadWith({"Transfer-Encoding: \t chunked \t"}),
       "",
       {kServed},
       kHigh},
      {"ChunkedOfGet", HeadWith({"Transfer-Encoding: chunked"}, "GET"), "", {kServed, 400}, kHigh},
      {"ChunkedNamedByConnection",
       HeadWith({"Transfer-Encoding: chunked", "Connection: transfer-encoding"}),
       "",
       {kServed, 400},
       kHigh},
      {"ChunkedAndExpectContinue",
       HeadWith({"Transfer-Encoding: chunked", "Expect: 100-continue"}),
       "",
       {kServed},
       kHigh},
  };
  for (RequestRow& row : rows) {
    row.body = SmuggledInChunks();
    row.content = kSmuggled;
  }
  return rows;
}

std::vector<RequestRow> WrongCodings() {
  struct Wrong {
    const char* name;
    std::vector<std::string> lines;
    std::vector<int> right = {501, 400};
  };
  const std::string chunked = "Transfer-Encoding: chunked";
  const std::vector<Wrong> wrong = {
      // RFC 9112, section 6.3: to be refused, or read as chunked and the connection closed.
      {"LengthAndChunked", {"Content-Length: 48", chunked}, {400}},
      {"ChunkedAndLength", {chunked, "Content-Length: 48"}, {400}},
      {"ChunkedAndLengthZero", {chunked, "Content-Length: 0"}, {400}},
      {"ChunkedAndLengthOfTheEnd", {chunked, "Content-Length: 5"}, {400}},
      {"LengthAndUnknownCoding", {"Content-Length: 5", "Transfer-Encoding: x"}, {400, 501}},
      {"LengthAndIdentity", {"Content-Length: 5", "Transfer-Encoding: identity"}, {400, 501}},
      {"LengthAndEmptyCoding", {"Content-Length: 5", "Transfer-Encoding:"}, {400, 501}},
      {"ChunkedTwice", {chunked, chunked}, {400, 501}},
      {"ChunkedAndIdentityFields", {chunked, "Transfer-Encoding: identity"}, {400, 501}},
      {"IdentityAndChunkedFields", {"Transfer-Encoding: identity", chunked}, {400, 501}},
      {"ChunkedAndEmptyCoding", {chunked, "Transfer-Encoding:"}, {400, 501}},
      {"ChunkedListedTwice", {"Transfer-Encoding: chunked, chunked"}},
      {"GzipThenChunked", {"Transfer-Encoding: gzip, chunked"}},
      {"ChunkedThenGzip", {"Transfer-Encoding: chunked, gzip"}},
      {"Gzip", {"Transfer-Encoding: gzip"}},
      {"Identity", {"Transfer-Encoding: identity"}},
      {"IdentityThenChunked", {"Transfer-Encoding: identity, chunked"}},
      {"CodingWithPrefix", {"Transfer-Encoding: xchunked"}},
      {"CodingWithSuffix", {"Transfer-Encoding: chunkedx"}},
      {"CodingWithParameter", {"Transfer-Encoding: chunked;q=1"}},
      {"CodingQuoted", {"Transfer-Encoding: \"chunked\""}},
      {"CodingWithNoBreakSpace", {"Transfer-Encoding: \xa0 chunked"}},
      {"CodingEmpty", {"Transfer-Encoding:"}},
      {"CodingWithVerticalTab", {"Transfer-Encoding: \vchunked"}, {400, 501}},
      {"CodingWithFormFeed", {"Transfer-Encoding: chunked\f"}, {400, 501}},
      {"CodingWithDelete", {"Transfer-Encoding: chunked\x7f"}, {400, 501}},
      {"CodingWithNul", {"Transfer-Encoding: chunked\0"s}, {400}},
      {"SpaceBeforeCodingColon", {"Transfer-Encoding : chunked"}, {400}},
      {"TabBeforeCodingColon", {"Transfer-Encoding\t: chunked"}, {400}},
      {"SpaceInCodingName", {"Transfer Encoding: chunked"}, {400}},
      {"CodingBehindBareCr", {"A: b\rTransfer-Encoding: chunked"}, {400}},
      {"CodingBehindVerticalTab", {"\vTransfer-Encoding: chunked"}, {400}},
      {"CodingContinued", {"Transfer-Encoding: chunk", " ed"}, {400, 501}},
  };
  std::vector<RequestRow> rows;
  for (const Wrong& row : wrong) {
    rows.push_back({row.name, HeadWith(row.lines), SmuggledBehindChunks(), row.right, kHigh});
  }
  rows.push_back({"ChunkedInHttp10",
                  "POST /v1/echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
                  SmuggledBehindChunks(),
                  {400, 501},
                  kHigh});
  return rows;
}

// Right either way, with a body that is one either way.
std::vector<RequestRow> DoubtfulCodings() {
  const std::string folded = HeadWith({"Transfer-Encoding:", " chunked"});
  std::vector<RequestRow> rows = {
      // RFC 9110, section 5.6.1: empty elements of a list are to be ignored.
      {"CodingWithComma", HeadWith({"Transfer-Encoding: chunked,"}), "", {501, 400, kServed}},
      {"CodingWithLeadingComma",
       HeadWith({"Transfer-Encoding: ,chunked"}),
       "",
       {501, 400, kServed}},
      {"CodingFolded", folded, "", {400, 501, kServed}},
      {"CodingBehindBareLf",
       HeadWith({"A: b\nTransfer-Encoding: chunked"}),
       "",
       {400, 501, kServed}},
  };
  for (RequestRow& row : rows) {
    row.body = SmuggledInChunks();
    row.content = kSmuggled;
    row.high_risk = true;
  }
  return rows;
}

// Fields that look like framing and are none, or ask for what need not be given.
std::vector<RequestRow> Others() {
  return {
      {"LengthWithUnderscoreName", HeadWith({"Content_Length: 43"}), "", {kServed}, kHigh},
      {"CodingWithUnderscoreName", HeadWith({"Transfer_Encoding: chunked"}), "", {kServed}, kHigh},
      {"TeIsNoCoding", HeadWith({"TE: chunked"}), "", {kServed}, kHigh},
      {"HostNamedByConnection", HeadWith({"Connection: host"}), "", {kServed, 400}},
      {"ExpectContinueWithoutBody", HeadWith({"Expect: 100-continue"}), "", {kServed}},
      // RFC 9110, section 10.1.1: other expectations may be refused.
      {"ExpectOther", HeadWith({"Content-Length: 0", "Expect: 200-ok"}), "", {417, kServed}},
      {"ExpectTwiceOneOther", HeadWith({"Expect: 100-continue", "Expect: x"}), "", {417, kServed}},
      // RFC 9110, section 7.8: an offer of another protocol may be ignored.
      {"UpgradeToH2cIsIgnored",
       HeadWith({"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"}),
       "",
       {kServed}},
  };
}

}  // namespace

std::vector<RequestRow> FramingRows() {
  std::vector<RequestRow> rows;
  for (const auto& part : {RightLengths(), WrongLengths(), RightCodings(), WrongCodings(),
                           DoubtfulCodings(), Others()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

}  // namespace larder
