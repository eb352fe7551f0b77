#include "tests/proxy/http_request_head_table.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace larder {
namespace {

using namespace std::string_literals;

// A well-formed request line and Host, then these lines, each ended by CRLF.
std::string With(const std::vector<std::string>& lines) {
  std::string head = "POST / HTTP/1.1\r\nHost: x\r\n";
  for (const std::string& line : lines) head += line + "\r\n";
  return head + "\r\n";
}

std::string Line(const std::string& line) {
  return line + "\r\nHost: x\r\n\r\n";
}

void AddRequestLines(std::vector<HeadRow>& rows) {
  const std::vector<HeadRow> lines = {
      {"GetRoot", Line("GET / HTTP/1.1"), 0},
      {"Http10WithoutHost", "GET / HTTP/1.0\r\n\r\n", 0},
      {"Http12IsRead", Line("GET / HTTP/1.2"), 0},
      {"UnknownMethod", Line("FROB / HTTP/1.1"), 0},
      {"LowerCaseMethodIsAnotherMethod", Line("get / HTTP/1.1"), 0},
      {"OptionsStar", Line("OPTIONS * HTTP/1.1"), 0},
      {"AbsoluteForm", Line("GET http://x/a HTTP/1.1"), 0},
      {"TargetWithPercentCrlf", Line("GET /%0d%0aX:1 HTTP/1.1"), 0},
      {"TargetWithBrokenEscape", Line("GET /%zz% HTTP/1.1"), 0},
      {"TargetWithHighBytes", Line("GET /\xc3\xa4 HTTP/1.1"), 0},
      {"TargetWithDotSegments", Line("GET /../../etc/passwd HTTP/1.1"), 0},
      {"TargetWithTwoSlashes", Line("GET //a HTTP/1.1"), 0},
      {"OneEmptyLineBefore", "\r\n" + Line("GET / HTTP/1.1"), 0},
      {"TwoEmptyLinesBefore", "\r\n\r\n" + Line("GET / HTTP/1.1"), 400},
      {"BareLfBefore", "\n" + Line("GET / HTTP/1.1"), 400},
      {"SpaceBefore", Line(" GET / HTTP/1.1"), 400},
      {"TwoSpacesBeforeTarget", Line("GET  / HTTP/1.1"), 400},
      {"TwoSpacesBeforeVersion", Line("GET /  HTTP/1.1"), 400},
      {"SpaceBehindVersion", Line("GET / HTTP/1.1 "), 400},
      {"TabsForSpaces", Line("GET\t/\tHTTP/1.1"), 400},
      {"SpaceInTarget", Line("GET /a b HTTP/1.1"), 400},
      {"TabInTarget", Line("GET /a\tb HTTP/1.1"), 400},
      {"NulInTarget", Line("GET /a\0b HTTP/1.1"s), 400},
      {"DeleteInTarget", Line("GET /a\x7f HTTP/1.1"), 400},
      {"FragmentInTarget", Line("GET /a#b HTTP/1.1"), 400},
      {"BareCrInLine", Line("GET /\r HTTP/1.1"), 400},
      {"RelativeTarget", Line("GET a HTTP/1.1"), 400},
      {"AuthorityForm", Line("GET x:80 HTTP/1.1"), 400},
      {"AtSignTarget", Line("GET @x/ HTTP/1.1"), 400},
      {"StarWithGet", Line("GET * HTTP/1.1"), 400},
      {"OtherScheme", Line("GET ftp://x/ HTTP/1.1"), 400},
      {"AbsoluteFormWithoutHost", Line("GET http:///a HTTP/1.1"), 400},
      {"AbsoluteFormWithUser", Line("GET http://u@x/a HTTP/1.1"), 400},
      {"AbsoluteFormOfAnotherHost", Line("GET http://y/a HTTP/1.1"), 400},
      {"AbsoluteFormInOtherCase", Line("GET http://X/a HTTP/1.1"), 0},
      {"Connect", Line("CONNECT x:80 HTTP/1.1"), 501},
      {"MethodWithBracket", Line("GE(T / HTTP/1.1"), 400},
      {"MethodWithColon", Line("GET: / HTTP/1.1"), 400},
      {"MethodWithHighByte", Line("G\xc3\x84T / HTTP/1.1"), 400},
      {"NoMethod", Line(" / HTTP/1.1"), 400},
      {"NoTarget", Line("GET HTTP/1.1"), 400},
      {"NoVersion", Line("GET /"), 400},
      {"EmptyVersion", Line("GET / "), 400},
      {"LowerCaseHttp", Line("GET / http/1.1"), 400},
      {"MixedCaseHttp", Line("GET / Http/1.1"), 400},
      {"OtherProtocol", Line("GET / RTSP/1.0"), 400},
      {"VersionWithoutMinor", Line("GET / HTTP/1"), 400},
      {"VersionWithTwoDigits", Line("GET / HTTP/1.10"), 400},
      {"VersionWithLeadingZero", Line("GET / HTTP/01.1"), 400},
      {"VersionWithComma", Line("GET / HTTP/1,1"), 400},
      {"VersionWithLetter", Line("GET / HTTP/1.x"), 400},
      {"VersionWithSign", Line("GET / HTTP/+1.1"), 400},
      {"Http09", Line("GET / HTTP/0.9"), 505},
      {"Http2", Line("GET / HTTP/2.0"), 505},
      {"Http2Preface", "PRI * HTTP/2.0\r\n\r\n", 505},
      {"Http3", Line("GET / HTTP/3.0"), 505},
      {"TlsHello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 \r\n\r\n"s, 400},
      {"LineLongerThanLimit", Line("GET /" + std::string(16 * 1024, 'a') + " HTTP/1.1"), 414},
  };
  rows.insert(rows.end(), lines.begin(), lines.end());
}

void AddFraming(std::vector<HeadRow>& rows) {
  const std::vector<HeadRow> framing = {
      {"Length", With({"Content-Length: 5"}), 0},
      {"LengthZero", With({"Content-Length: 0"}), 0},
      {"LengthWithLeadingZeros", With({"Content-Length: 00005"}), 0},
      {"LengthInOtherCase", With({"cOnTeNt-LeNgTh: 5"}), 0},
      {"LengthWithSpaceAround", With({"Content-Length:  5 "}), 0},
      {"LengthEmpty", With({"Content-Length:"}), 400},
      {"LengthNegative", With({"Content-Length: -5"}), 400},
      {"LengthWithPlus", With({"Content-Length: +5"}), 400},
      {"LengthHexadecimal", With({"Content-Length: 0x5"}), 400},
      {"LengthWithFraction", With({"Content-Length: 5.0"}), 400},
      {"LengthWithExponent", With({"Content-Length: 5e0"}), 400},
      {"LengthWithLetter", With({"Content-Length: 5a"}), 400},
      {"LengthWithInnerSpace", With({"Content-Length: 5 5"}), 400},
      {"LengthWithUnderscore", With({"Content-Length: 1_0"}), 400},
      {"LengthWithVerticalTab", With({"Content-Length: \v5"}), 400},
      {"LengthOfArabicDigit", With({"Content-Length: \xd9\xa5"}), 400},
      {"LengthQuoted", With({"Content-Length: \"5\""}), 400},
      {"LengthListOfSame", With({"Content-Length: 5, 5"}), 400},
      {"LengthListOfDiffering", With({"Content-Length: 5, 6"}), 400},
      {"LengthTwiceTheSame", With({"Content-Length: 5", "Content-Length: 5"}), 400},
      {"LengthTwiceDiffering", With({"Content-Length: 5", "Content-Length: 6"}), 400},
      {"LengthTwiceInOtherCase", With({"Content-Length: 5", "content-length: 6"}), 400},
      {"LengthThenEmptyLength", With({"Content-Length: 5", "Content-Length:"}), 400},
      {"LengthOfUint64Max", With({"Content-Length: 18446744073709551615"}), 400},
      {"LengthBeyondUint64", With({"Content-Length: 18446744073709551621"}), 400},
      {"LengthBeyondEverything", With({"Content-Length: " + std::string(400, '9')}), 400},
      {"SpaceBeforeLengthColon", With({"Content-Length : 5"}), 400},
      {"TabBeforeLengthColon", With({"Content-Length\t: 5"}), 400},
      {"Chunked", With({"Transfer-Encoding: chunked"}), 0},
      {"ChunkedInOtherCase", With({"transfer-encoding: CHUNKED"}), 0},
      {"ChunkedWithSpaceAround", With({"Transfer-Encoding: \t chunked \t"}), 0},
      {"LengthAndChunked", With({"Content-Length: 5", "Transfer-Encoding: chunked"}), 400},
      {"ChunkedAndLength", With({"Transfer-Encoding: chunked", "Content-Length: 5"}), 400},
      {"ChunkedAndLengthZero", With({"Transfer-Encoding: chunked", "Content-Length: 0"}), 400},
      {"LengthAndUnknownCoding", With({"Content-Length: 5", "Transfer-Encoding: x"}), 400},
      {"LengthAndEmptyCoding", With({"Content-Length: 5", "Transfer-Encoding:"}), 400},
      {"ChunkedTwice", With({"Transfer-Encoding: chunked", "Transfer-Encoding: chunked"}), 400},
      {"ChunkedAndIdentityFields",
       With({"Transfer-Encoding: chunked", "Transfer-Encoding: identity"}), 400},
      {"ChunkedListedTwice", With({"Transfer-Encoding: chunked, chunked"}), 501},
      {"GzipThenChunked", With({"Transfer-Encoding: gzip, chunked"}), 501},
      {"ChunkedThenGzip", With({"Transfer-Encoding: chunked, gzip"}), 501},
      {"Gzip", With({"Transfer-Encoding: gzip"}), 501},
      {"Identity", With({"Transfer-Encoding: identity"}), 501},
      {"IdentityThenChunked", With({"Transfer-Encoding: identity, chunked"}), 501},
      {"CodingWithPrefix", With({"Transfer-Encoding: xchunked"}), 501},
      {"CodingWithSuffix", With({"Transfer-Encoding: chunkedx"}), 501},
      {"CodingWithParameter", With({"Transfer-Encoding: chunked;q=1"}), 501},
      {"CodingWithComma", With({"Transfer-Encoding: chunked,"}), 501},
      {"CodingWithLeadingComma", With({"Transfer-Encoding: ,chunked"}), 501},
      {"CodingQuoted", With({"Transfer-Encoding: \"chunked\""}), 501},
      {"CodingEmpty", With({"Transfer-Encoding:"}), 501},
      {"CodingWithVerticalTab", With({"Transfer-Encoding: \vchunked"}), 400},
      {"CodingWithNul", With({"Transfer-Encoding: chunked\0"s}), 400},
      {"SpaceBeforeCodingColon", With({"Transfer-Encoding : chunked"}), 400},
      {"CodingFolded", With({"Transfer-Encoding:", " chunked"}), 400},
      {"ChunkedInHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"CodingWithUnderscoreName", With({"Transfer_Encoding: chunked"}), 0},
      {"ExpectContinue", With({"Content-Length: 5", "Expect: 100-continue"}), 0},
      {"ExpectOther", With({"Content-Length: 5", "Expect: 200-ok"}), 417},
      {"ExpectTwiceOneOther", With({"Expect: 100-continue", "Expect: x"}), 417},
      {"UpgradeToH2cIsIgnored", With({"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"}), 0},
  };
  rows.insert(rows.end(), framing.begin(), framing.end());
}

void AddFields(std::vector<HeadRow>& rows) {
  std::vector<std::string> many(127, "a: b");
  const std::string at_limit = With(many);
  many.emplace_back("a: b");
  const std::vector<HeadRow> fields = {
      {"HostMissing", "GET / HTTP/1.1\r\n\r\n", 400},
      {"HostEmpty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 0},
      {"HostTwice", With({"Host: x"}), 400},
      {"HostTwiceInOtherCase", With({"hOsT: y"}), 400},
      {"HostWithPort", "GET / HTTP/1.1\r\nHost: x:8787\r\n\r\n", 0},
      {"HostOfIpv6", "GET / HTTP/1.1\r\nHost: [::1]:8787\r\n\r\n", 0},
      {"HostWithSpace", "GET / HTTP/1.1\r\nHost: x y\r\n\r\n", 400},
      {"HostWithPath", "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", 400},
      {"HostWithUser", "GET / HTTP/1.1\r\nHost: u@x\r\n\r\n", 400},
      {"HostWithBackslash", "GET / HTTP/1.1\r\nHost: x\\y\r\n\r\n", 400},
      {"HostWithHighByte", "GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n", 400},
      {"HostTwiceInHttp10", "GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n", 400},
      {"SpaceBeforeHostColon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
      {"FoldedWithSpace", With({"A: b", " c"}), 400},
      {"FoldedWithTab", With({"A: b", "\tc"}), 400},
      {"FoldedFirst", "GET / HTTP/1.1\r\n Host: x\r\nHost: x\r\n\r\n", 400},
      {"LineOfSpaces", With({"A: b", "  "}), 400},
      {"NoColon", With({"Abc"}), 400},
      {"NoName", With({": b"}), 400},
      {"SpaceInName", With({"A B: c"}), 400},
      {"NulInName", With({"A\0B: c"s}), 400},
      {"HighByteInName", With({"\xc3\x84: c"}), 400},
      {"BracketInName", With({"A(B): c"}), 400},
      {"EveryTokenByteInName", With({"!#$%&'*+-.^_`|~0aZ: c"}), 0},
      {"EmptyValue", With({"A:"}), 0},
      {"NulInValue", With({"A: b\0c"s}), 400},
      {"BellInValue", With({"A: b\ac"}), 400},
      {"EscapeInValue", With({"A: b\x1b[0m"}), 400},
      {"DeleteInValue", With({"A: b\x7f"}), 400},
      {"BareCrInValue", With({"A: b\rc"}), 400},
      {"BareLfInValue", With({"A: b\nX: y"}), 400},
      {"CrBeforeCrlf", With({"A: b\r"}), 400},
      {"TabInValue", With({"A: b\tc"}), 0},
      {"HighBytesInValue", With({"A: \x80\xff"}), 0},
      {"PercentCrlfInValue", With({"A: b%0d%0aX-Injected: 1"}), 0},
      {"BareLfsEverywhere", "GET / HTTP/1.1\nHost: x\n\n", 400},
      {"BareLfEndsFields", "GET / HTTP/1.1\r\nHost: x\r\n\n", 400},
      {"BareCrsEverywhere", "GET / HTTP/1.1\rHost: x\r\r", 400},
      {"LfCrForCrlf", "GET / HTTP/1.1\n\rHost: x\n\r\n\r", 400},
      {"RemoteAddrIsAField", With({"REMOTE_ADDR: 1.2.3.4"}), 0},
      {"AsManyFieldsAsAllowed", at_limit, 0},
      {"OneFieldTooMany", With(many), 431},
      {"HeadLongerThanLimit", With({"A: " + std::string(64 * 1024, 'a')}), 431},
  };
  rows.insert(rows.end(), fields.begin(), fields.end());
}

}  // namespace

std::vector<HeadRow> HeadRows() {
  std::vector<HeadRow> rows;
  AddRequestLines(rows);
  AddFraming(rows);
  AddFields(rows);
  return rows;
}

TEST(RequestHeadTableTest, HasAHundredRowsWithUniqueNames) {
  std::set<std::string> names;
  for (const HeadRow& row : HeadRows()) names.insert(row.name);
  EXPECT_EQ(names.size(), HeadRows().size());
  EXPECT_GE(names.size(), 100U);
}

}  // namespace larder
