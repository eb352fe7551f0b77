// StreamReader: answers with server-sent events, taken apart as their bytes arrive; one after
// another on a kept connection. From peers that are trusted: this is no parser for bytes from
// outside. Thread-safety: one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace larder::bench {

class StreamReader {
 public:
  enum class State {
    kMore,    // the answer goes on
    kWhole,   // it has ended; what comes next is another one
    kBroken,  // its status is not 200, or it is not framed by chunks or a length
  };

  // Takes what arrived. Each event that is whole by now is appended to `events`, without the blank
  // line that ends it.
  State Take(std::string_view bytes, std::vector<std::string>& events);

 private:
  enum class Part { kHead, kChunkSize, kChunk, kChunkEnd, kTrailer, kLength };

  State ReadHead();
  bool ReadLine(std::string_view& line);
  void TakeBody(std::vector<std::string>& events);

  Part part_ = Part::kHead;
  std::string in_;           // as it came
  std::size_t place_ = 0;    // what of it was used
  std::size_t missing_ = 0;  // bytes of the chunk, or of the whole body, that are to come
  std::string text_;         // of an event that is not whole yet
};

}  // namespace larder::bench
