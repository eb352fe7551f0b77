// SseReader: takes a server-sent event stream apart, however its bytes are cut. Source: WHATWG
// HTML, "Server-sent events", parsing. Thread-safety: none; one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace larder {

// One block of lines up to and with the empty line that ends it. Views live until the reader's next
// call.
struct SseEvent {
  // Its bytes. Blocks joined are the stream byte for byte. (The LF of a CRLF that was fed apart
  // from its CR belongs to the next block.)
  std::string_view raw;
  std::string_view name;  // of the last "event:" line
  std::string_view data;  // of the "data:" lines, joined by LF
  bool has_data = false;  // without: comments, fields that say nothing by themselves
};

class SseReader {
 public:
  // Cost: linear in all that is fed, also when a line comes byte by byte.
  void Feed(std::string_view bytes);
  // nullopt until more is fed.
  std::optional<SseEvent> Next();
  // What has been fed and is no whole block.
  std::string_view Rest() const;

 private:
  struct Slice {
    std::size_t begin = 0;
    std::size_t size = 0;
  };
  void StartBlock();
  void TakeLine(Slice line);
  std::string_view View(Slice slice) const {
    return std::string_view(buffer_).substr(slice.begin, slice.size);
  }

  std::string buffer_;
  std::size_t block_ = 0;        // where the block begins
  std::size_t line_ = 0;         // where its line begins that is being read
  std::size_t looked_ = 0;       // how far a line end has been looked for
  bool block_is_whole_ = false;  // and given out
  bool after_cr_ = false;        // whose LF may come yet
  bool at_start_ = true;
  Slice name_;
  Slice data_;  // of one line; of several: in joined_
  std::string joined_;
  int data_lines_ = 0;
};

// `event.raw` with other data: `data` is JSON, which is spread over as many lines as it has. All
// but the data stays byte for byte.
std::string WithData(const SseEvent& event, std::string_view data);

}  // namespace larder
