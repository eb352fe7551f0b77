#include "tests/support/request_rows.h"

namespace larder {
namespace {

using namespace std::string_literals;

std::string Host(const std::string& value) {
  return "GET /v1/echo HTTP/1.1\r\nHost: " + value + "\r\n\r\n";
}

// RFC 9112, section 3.2, and RFC 3986, section 3.2.2.
std::vector<RequestRow> Hosts() {
  return {
      {"HostMissing", "GET /v1/echo HTTP/1.1\r\n\r\n", "", {400}},
      {"HostEmpty", Host(""), "", {kServed, 400}},
      {"HostTwice", HeadWith({"Host: x"}), "", {400}},
      {"HostTwiceInOtherCase", HeadWith({"hOsT: y"}), "", {400}},
      {"HostTwiceInHttp10", "GET /v1/echo HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n", "", {400}},
      {"HostTwiceOneWithSpaceBeforeColon", HeadWith({"Host : y"}), "", {400}, kHigh},
      {"HostWithPort", Host("x:8787"), "", {kServed}},
      {"HostWithEmptyPort", Host("x:"), "", {kServed, 400}},
      {"HostWithPortOfLetters", Host("x:80a"), "", {400}},
      {"HostWithTwoPorts", Host("x:80:81"), "", {400}},
      {"HostOfIpv6", Host("[::1]:8787"), "", {kServed}},
      {"HostOfIpv6Unclosed", Host("[::1"), "", {400}},
      {"HostOfIpv6WithSuffix", Host("[::1]x"), "", {400}},
      {"HostWithEscape", Host("x%2ey"), "", {kServed, 400}},
      {"HostWithBrokenEscape", Host("x%2"), "", {400}},
      {"HostWithSpace", Host("x y"), "", {400}},
      {"HostList", Host("x, y"), "", {400}},
      {"HostWithPath", Host("x/y"), "", {400}},
      {"HostWithQuery", Host("x?y"), "", {400}},
      {"HostWithFragment", Host("x#y"), "", {400}},
      {"HostWithUser", Host("u@x"), "", {400}},
      {"HostWithBackslash", Host("x\\y"), "", {400}},
      {"HostWithHighByte", Host("\xc3\xa4"), "", {400}},
      {"HostWithNul", Host("x\0y"s), "", {400}, kHigh},
      {"SpaceBeforeHostColon", "GET /v1/echo HTTP/1.1\r\nHost : x\r\n\r\n", "", {400}, kHigh},
  };
}

std::vector<RequestRow> Names() {
  return {
      {"NoColon", HeadWith({"Abc"}), "", {400}},
      {"NoName", HeadWith({": b"}), "", {400}},
      {"OnlyAColon", HeadWith({":"}), "", {400}},
      // RFC 9112, section 5.1: white space before the colon must be refused.
      {"SpaceBeforeColon", HeadWith({"A : b"}), "", {400}, kHigh},
      {"TabBeforeColon", HeadWith({"A\t: b"}), "", {400}, kHigh},
      {"SpaceInName", HeadWith({"A B: c"}), "", {400}, kHigh},
      {"NulInName", HeadWith({"A\0B: c"s}), "", {400}, kHigh},
      {"VerticalTabBeforeName", HeadWith({"\vA: b"}), "", {400}, kHigh},
      {"HighByteInName", HeadWith({"\xc3\x84: c"}), "", {400}},
      {"BracketInName", HeadWith({"A(B): c"}), "", {400}},
      {"QuoteInName", HeadWith({"\"A\": c"}), "", {400}},
      {"SlashInName", HeadWith({"A/B: c"}), "", {400}},
      {"RequestLineAsField", HeadWith({"GET /v1/echo?smuggled HTTP/1.1"}), "", {400}, kHigh},
      {"EveryTokenByteInName", HeadWith({"!#$%&'*+-.^_`|~0aZ: c"}), "", {kServed}},
      {"RemoteAddrIsAField", HeadWith({"REMOTE_ADDR: 1.2.3.4"}), "", {kServed}},
      // RFC 9112, section 5.2: a folded line must be refused, or the fold replaced by spaces; and
      // section 2.2 on white space before the first field.
      {"FoldedWithSpace", HeadWith({"A: b", " c"}), "", {400, kServed}, kHigh},
      {"FoldedWithTab", HeadWith({"A: b", "\tc"}), "", {400, kServed}, kHigh},
      {"FoldedFirst",
       "GET /v1/echo HTTP/1.1\r\n Host: x\r\nHost: x\r\n\r\n",
       "",
       {400, kServed},
       kHigh},
      {"LineOfSpaces", HeadWith({"A: b", "  "}), "", {400, kServed}, kHigh},
  };
}

std::vector<RequestRow> Values() {
  return {
      {"EmptyValue", HeadWith({"A:"}), "", {kServed}},
      {"ValueOfSpaces", HeadWith({"A: \t "}), "", {kServed}},
      {"TabInValue", HeadWith({"A: b\tc"}), "", {kServed}},
      {"HighBytesInValue", HeadWith({"A: \x80\xff"}), "", {kServed}},
      {"PercentCrlfInValue", HeadWith({"A: b%0d%0aX-Injected: 1"}), "", {kServed}, kHigh},
      {"RequestLineInValue", HeadWith({"A: b GET /v1/echo?smuggled HTTP/1.1"}), "", {kServed}},
      {"QuotesHoldNoLineTogether", HeadWith({"A: \"b", "C: d\""}), "", {kServed}},
      // RFC 9110, section 5.5: CR, LF and NUL must be refused (or replaced, which cannot be seen
      // from here); other control bytes may be kept.
      {"NulInValue", HeadWith({"A: b\0c"s}), "", {400}, kHigh},
      {"BareCrInValue", HeadWith({"A: b\rc"}), "", {400}, kHigh},
      {"BareCrThenAField", HeadWith({"A: b\rX-Injected: 1"}), "", {400}, kHigh},
      {"CrBeforeCrlf", HeadWith({"A: b\r"}), "", {400}, kHigh},
      {"BellInValue", HeadWith({"A: b\ac"}), "", {400, kServed}},
      {"EscapeInValue", HeadWith({"A: b\x1b[0m"}), "", {400, kServed}},
      {"DeleteInValue", HeadWith({"A: b\x7f"}), "", {400, kServed}},
      // RFC 9112, section 2.2: a bare LF may be taken for a line end.
      {"BareLfInValue", HeadWith({"A: b\nX: y"}), "", {400, kServed}, kHigh},
      {"BareLfsEverywhere", "GET /v1/echo HTTP/1.1\nHost: x\n\n", "", {400, kServed}, kHigh},
      {"BareLfEndsFields", "GET /v1/echo HTTP/1.1\r\nHost: x\r\n\n", "", {400, kServed}, kHigh},
      {"BareCrsEverywhere", "GET /v1/echo HTTP/1.1\rHost: x\r\r", "", {400}, kHigh},
      {"LfCrForCrlf", "GET /v1/echo HTTP/1.1\n\rHost: x\n\r\n\r", "", {400}, kHigh},
  };
}

// Own limits; RFC 9110, section 5.4: any 4xx.
std::vector<RequestRow> Sizes() {
  const std::vector<std::string> most(127, "a: b");
  const std::vector<std::string> one_too_many(128, "a: b");
  return {
      {"AsManyFieldsAsAllowed", HeadWith(most), "", {kServed, 400, 431}},
      {"OneFieldTooMany", HeadWith(one_too_many), "", {431, 400, kServed}},
      {"ValueOf6KiB", HeadWith({"A: " + std::string(6 * 1024, 'a')}), "", {kServed}},
      {"HeadLongerThanLimit",
       HeadWith({"A: " + std::string(64 * 1024, 'a')}),
       "",
       {431, 400, kServed}},
  };
}

}  // namespace

std::vector<RequestRow> FieldRows() {
  std::vector<RequestRow> rows;
  for (const auto& part : {Hosts(), Names(), Values(), Sizes()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

}  // namespace larder
