// EventWriter: writes a server-sent event stream. Thread-safety: none; one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace larder {

class EventWriter {
 public:
  // What repeats itself in each event (ids, a model's name) makes a stream many times as large as
  // the answer it is of; `of_bytes` is the size of that answer. Beyond 64 times that, as no honest
  // answer is, nothing more is written.
  explicit EventWriter(std::size_t of_bytes) : most_bytes_(64 * of_bytes + 65536) {}

  // An event of the JSON `data` on one line (line ends between its tokens become spaces), named
  // `name` unless that is empty.
  void Add(std::string_view name, std::string_view data);
  bool is_full() const { return out_.size() > most_bytes_; }

  // nullopt when it is full.
  std::optional<std::string> Take();

 private:
  std::size_t most_bytes_;
  std::string out_;
};

}  // namespace larder
