// HTTP/1.1 messages as the benchmarks need them, from peers that are trusted: this is no parser for
// bytes from outside. Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace larder::bench {

enum class MessageState {
  kMore,      // not all of it has arrived
  kContinue,  // as kMore, and the sender waits for "100 Continue"
  kWhole,
  kBroken,
};

// One message at the front of a buffer. The views hold while neither buffer nor message changes.
struct HttpMessage {
  MessageState state = MessageState::kMore;
  std::string_view start_line;  // without its line end
  std::string_view body;        // with the chunked coding taken off
  bool keep_alive = true;
  std::size_t size = 0;  // bytes of the buffer that it took, once whole

  // The word of the start line that begins behind `words` others: of a request 0 is the method and
  // 1 the target, of an answer 1 is the status.
  std::string_view Word(std::size_t words) const;
};

// Reads the message at the front of `buffer`. `decoded` holds a chunked body while the result
// lives. A message without Content-Length and chunked coding has no body. Cost: a pass over the
// head at each call, so call again only when bytes arrived.
HttpMessage ReadMessage(std::string_view buffer, std::string& decoded);

}  // namespace larder::bench
