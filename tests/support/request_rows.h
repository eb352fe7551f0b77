// Whole HTTP/1.1 requests, right, wrong and in between, with the answers that are right for each.
// One table for the tests of the parsers, of the front over real sockets, and for bench/strict,
// which puts the same rows to nginx. Sources: RFC 9112 (syntax; what does not match its grammar is
// to be refused by section 2.2, where a comment names no exception), RFC 9110 (fields and methods);
// "own limit" where the protocol leaves it to the server. Thread-safety: pure functions.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

// Stands where no server may take it for a request: in bodies, and behind what must be refused.
inline constexpr std::string_view kSmuggled = "GET /v1/echo?smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
static_assert(kSmuggled.size() == 43 && 43 == 0x2b);  // the rows write both

// In RequestRow::right: the request is understood, and what answers it is up to its target.
inline constexpr int kServed = 200;

struct RequestRow {
  std::string name;  // unique CamelCase
  std::string head;
  std::string body;  // as it is sent, chunked framing included; what a wrong length leaves over too
  // The right statuses; the first is Larder's. With more than kServed alone, to close the
  // connection without an answer is right as well.
  std::vector<int> right;
  bool high_risk = false;      // mis-read, it smuggles a request or injects a field
  std::string content = {};    // the body without its framing, when it is served
  bool fault_in_body = false;  // refused, but not for its head

  std::string bytes() const { return head + body; }
  bool served() const { return right.front() == kServed; }
};

inline std::ostream& operator<<(std::ostream& out, const RequestRow& row) {
  return out << row.name;
}

// All of them: more than 200, in this order.
std::vector<RequestRow> RequestRows();

std::vector<RequestRow> LineRows();     // request lines
std::vector<RequestRow> FieldRows();    // field lines and Host
std::vector<RequestRow> FramingRows();  // Content-Length, Transfer-Encoding, Expect, Connection
std::vector<RequestRow> ChunkRows();    // chunked bodies behind a head that is right

// The pieces of the tables.
inline constexpr bool kHigh = true;
// A well-formed request line and Host, then these lines, each ended by CRLF, and the empty line.
std::string HeadWith(const std::vector<std::string>& lines, std::string_view method = "POST");
// kSmuggled as a chunked body.
std::string SmuggledInChunks();
// A chunked body's end, and kSmuggled behind it.
std::string SmuggledBehindChunks();

}  // namespace larder
