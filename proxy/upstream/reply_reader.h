// ReplyReader: the head of one answer out of a connection's bytes (RFC 9112, sections 4 to 6.3), as
// PlainEngine takes it. It bears what providers send (a bare LF ends a line too, folded lines are
// joined, white space before a colon is dropped) as the libcurl path does, and refuses what two
// readers could frame differently. proxy/http/reply_head.h is the stricter one, for handshakes.
// Thread-safety: none; one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/http/headers.h"

namespace larder {

class ReplyReader {
 public:
  // Of all heads of one answer, interim ones included: far beyond what providers send.
  static constexpr std::size_t kMaxHeadBytes = 256UL * 1024;
  static constexpr std::size_t kMaxFieldLines = 1000;

  enum class State { kMore, kHead, kRefused };
  enum class Framing { kNone, kLength, kChunked, kClose };

  // Behind kHead. The answer to a HEAD request has no body (`to_head`).
  struct Head {
    int status = 0;   // 200..599
    Headers headers;  // hop-by-hop fields removed, Content-Length too where chunks override it
    Framing framing = Framing::kClose;
    std::uint64_t length = 0;  // of kLength
    bool framed = true;        // as UpstreamReply says
    bool keep_alive = true;    // the connection may serve again behind this answer
  };

  explicit ReplyReader(bool to_head) : to_head_(to_head) {}

  // Takes from the front of `bytes` (sets `consumed`). kMore: all were taken, call again with more.
  // kHead: the final head ended there. Interim answers are skipped. After kHead or kRefused it is
  // not called again.
  State Read(std::string_view bytes, std::size_t& consumed);

  // Precondition: Read returned kHead; may be moved from.
  Head& head() { return head_; }
  // Precondition: Read returned kRefused. A sentence: "a header field has a control byte".
  std::string_view reason() const { return reason_; }

 private:
  // Takes a line without its end; false when the answer is none.
  bool TakeLine(std::string_view line);
  bool TakeStatusLine(std::string_view line);
  bool TakeField(std::string_view line);
  bool EndHead();
  bool Refuse(std::string_view reason);

  const bool to_head_;
  bool in_fields_ = false;
  bool done_ = false;
  bool http10_ = false;
  std::string line_;  // one still arriving
  std::size_t head_bytes_ = 0;
  std::size_t field_lines_ = 0;
  Head head_;
  std::string_view reason_;
};

}  // namespace larder
