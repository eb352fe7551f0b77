#include "tests/support/request_rows.h"

namespace larder {
namespace {

using namespace std::string_literals;

std::string Line(const std::string& line) {
  return line + "\r\nHost: x\r\n\r\n";
}

std::vector<RequestRow> Methods() {
  return {
      {"Get", Line("GET /v1/echo HTTP/1.1"), "", {kServed}},
      // RFC 9110, section 9.1: a method that a server does not know is 501.
      {"UnknownMethod", Line("FROB /v1/echo HTTP/1.1"), "", {kServed, 501}},
      {"LowerCaseMethodIsAnotherMethod", Line("get /v1/echo HTTP/1.1"), "", {kServed, 400, 501}},
      // RFC 9110, section 9.3.6: an origin server need not have tunnels.
      {"Connect", Line("CONNECT x:80 HTTP/1.1"), "", {501, 400, 405}},
      {"MethodWithBracket", Line("GE(T /v1/echo HTTP/1.1"), "", {400}},
      {"MethodWithColon", Line("GET: /v1/echo HTTP/1.1"), "", {400}},
      {"MethodWithHighByte", Line("G\xc3\x84T /v1/echo HTTP/1.1"), "", {400}},
      {"MethodWithNul", Line("GE\0T /v1/echo HTTP/1.1"s), "", {400}, kHigh},
      {"ByteOrderMarkBefore", Line("\xef\xbb\xbfGET /v1/echo HTTP/1.1"), "", {400}},
      // RFC 9112, section 3: longer than any known method is 501.
      {"MethodLongerThanLimit",
       Line(std::string(20'000, 'G') + " /v1/echo HTTP/1.1"),
       "",
       {414, 400, 431, 501}},
      {"NoMethod", Line(" /v1/echo HTTP/1.1"), "", {400}},
  };
}

std::vector<RequestRow> Targets() {
  return {
      {"OptionsStar", Line("OPTIONS * HTTP/1.1"), "", {kServed, 501}},
      {"AbsoluteForm", Line("GET http://x/v1/echo HTTP/1.1"), "", {kServed}},
      {"AbsoluteFormInOtherCase", Line("GET http://X/v1/echo HTTP/1.1"), "", {kServed}},
      {"TargetWithPercentCrlf", Line("GET /v1/echo?%0d%0aX:1 HTTP/1.1"), "", {kServed}, kHigh},
      // RFC 9112, section 3.2: an invalid target is better refused; these leave the framing alone.
      {"TargetWithBrokenEscape", Line("GET /v1/echo?%zz% HTTP/1.1"), "", {kServed, 400}},
      {"TargetWithHighBytes", Line("GET /v1/echo?\xc3\xa4 HTTP/1.1"), "", {kServed, 400}},
      {"TargetWithBackslash", Line("GET /v1\\echo HTTP/1.1"), "", {kServed, 400}},
      {"TargetWithQuotes", Line("GET /v1/echo?\"<>{}|^` HTTP/1.1"), "", {kServed, 400}},
      {"FragmentInTarget", Line("GET /v1/echo#b HTTP/1.1"), "", {400, 301, kServed}},
      {"TargetWithDotSegments", Line("GET /../../etc/passwd HTTP/1.1"), "", {kServed, 400}},
      {"TargetWithTwoSlashes", Line("GET //v1/echo HTTP/1.1"), "", {kServed}},
      {"SpaceInTarget", Line("GET /v1/echo?a b HTTP/1.1"), "", {400, 301}, kHigh},
      {"VersionInTarget", Line("GET /v1/echo HTTP/1.1 HTTP/1.1"), "", {400, 301}, kHigh},
      {"TabInTarget", Line("GET /v1/echo?a\tb HTTP/1.1"), "", {400, 301}, kHigh},
      {"FormFeedInTarget", Line("GET /v1/echo?a\fb HTTP/1.1"), "", {400, 301}, kHigh},
      {"NulInTarget", Line("GET /v1/echo?a\0b HTTP/1.1"s), "", {400}, kHigh},
      {"DeleteInTarget", Line("GET /v1/echo?a\x7f HTTP/1.1"), "", {400, 301}},
      {"RelativeTarget", Line("GET v1/echo HTTP/1.1"), "", {400}},
      {"QueryAsTarget", Line("GET ?a HTTP/1.1"), "", {400}},
      {"AuthorityForm", Line("GET x:80 HTTP/1.1"), "", {400}},
      {"AtSignTarget", Line("GET @x/ HTTP/1.1"), "", {400}},
      {"StarWithGet", Line("GET * HTTP/1.1"), "", {400}},
      // RFC 9110, section 7.4: 421 for what is not served here; a proxy might serve it.
      {"OtherScheme", Line("GET ftp://x/v1/echo HTTP/1.1"), "", {400, 421, kServed}},
      // RFC 9110, section 4.2.1: an empty host must be refused.
      {"AbsoluteFormWithoutHost", Line("GET http:///v1/echo HTTP/1.1"), "", {400}},
      // RFC 9110, section 4.2.4: should be refused.
      {"AbsoluteFormWithUser", Line("GET http://u@x/v1/echo HTTP/1.1"), "", {400, kServed}},
      // RFC 9112, section 3.2.2: the target goes before Host, and the client must not let them
      // differ.
      {"AbsoluteFormOfAnotherHost", Line("GET http://y/v1/echo HTTP/1.1"), "", {400, kServed}},
      // Own limit; RFC 9112, section 3 asks for 8,000 bytes and 414.
      {"LineLongerThanLimit",
       Line("GET /v1/echo?" + std::string(16 * 1024, 'a') + " HTTP/1.1"),
       "",
       {414, kServed}},
      {"NoTarget", Line("GET HTTP/1.1"), "", {400}},
  };
}

std::vector<RequestRow> Versions() {
  return {
      {"Http10WithoutHost", "GET /v1/echo HTTP/1.0\r\n\r\n", "", {kServed}},
      // RFC 9110, section 2.5: a higher minor version is read as the highest that is known.
      {"Http12IsRead", Line("GET /v1/echo HTTP/1.2"), "", {kServed}},
      {"NoVersion", Line("GET /v1/echo"), "", {400, 505}},
      {"EmptyVersion", Line("GET /v1/echo "), "", {400, 505}},
      {"LowerCaseHttp", Line("GET /v1/echo http/1.1"), "", {400, 505}},
      {"MixedCaseHttp", Line("GET /v1/echo Http/1.1"), "", {400, 505}},
      {"OtherProtocol", Line("GET /v1/echo RTSP/1.0"), "", {400, 505}},
      {"VersionWithoutMinor", Line("GET /v1/echo HTTP/1"), "", {400, 505}},
      {"VersionWithTwoDigits", Line("GET /v1/echo HTTP/1.10"), "", {400, 505}},
      {"VersionWithLeadingZero", Line("GET /v1/echo HTTP/01.1"), "", {400, 505}},
      {"VersionWithComma", Line("GET /v1/echo HTTP/1,1"), "", {400, 505}},
      {"VersionWithLetter", Line("GET /v1/echo HTTP/1.x"), "", {400, 505}},
      {"VersionWithSign", Line("GET /v1/echo HTTP/+1.1"), "", {400, 505}},
      {"Http09", Line("GET /v1/echo HTTP/0.9"), "", {505, 400}},
      {"Http2", Line("GET /v1/echo HTTP/2.0"), "", {505, 400}},
      {"Http2Preface", "PRI * HTTP/2.0\r\n\r\n", "", {505, 400}},
      {"Http3", Line("GET /v1/echo HTTP/3.0"), "", {505, 400}},
      {"TlsHello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 \r\n\r\n"s, "", {400}},
  };
}

std::vector<RequestRow> Separators() {
  return {
      // RFC 9112, section 2.2: at least one empty line before the request line is ignored.
      {"OneEmptyLineBefore", "\r\n" + Line("GET /v1/echo HTTP/1.1"), "", {kServed}},
      {"TwoEmptyLinesBefore", "\r\n\r\n" + Line("GET /v1/echo HTTP/1.1"), "", {400, kServed}},
      {"BareLfBefore", "\n" + Line("GET /v1/echo HTTP/1.1"), "", {400, kServed}},
      {"BareCrBefore", "\r" + Line("GET /v1/echo HTTP/1.1"), "", {400, kServed}},
      // RFC 9112, section 3: such white space may be taken for one space, at one's own risk.
      {"SpaceBefore", Line(" GET /v1/echo HTTP/1.1"), "", {400, kServed}},
      {"TwoSpacesBeforeTarget", Line("GET  /v1/echo HTTP/1.1"), "", {400, kServed}},
      {"TwoSpacesBeforeVersion", Line("GET /v1/echo  HTTP/1.1"), "", {400, kServed}},
      {"SpaceBehindVersion", Line("GET /v1/echo HTTP/1.1 "), "", {400, kServed}},
      {"TabsForSpaces", Line("GET\t/v1/echo\tHTTP/1.1"), "", {400, kServed}},
      {"VerticalTabForSpace", Line("GET /v1/echo\vHTTP/1.1"), "", {400, kServed}},
      {"BareCrInLine", Line("GET /v1/echo\r HTTP/1.1"), "", {400, kServed}, kHigh},
      {"BareCrEndsLine", "GET /v1/echo HTTP/1.1\rHost: x\r\n\r\n", "", {400}, kHigh},
  };
}

}  // namespace

std::vector<RequestRow> LineRows() {
  std::vector<RequestRow> rows;
  for (const auto& part : {Methods(), Targets(), Versions(), Separators()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

}  // namespace larder
