#include "proxy/openai/event_writer.h"

#include <algorithm>

namespace larder {

void EventWriter::Add(std::string_view name, std::string_view data) {
  if (is_full()) return;
  if (!name.empty()) {
    out_ += "event: ";
    out_ += name;
    out_ += '\n';
  }
  out_ += "data: ";
  const std::size_t begin = out_.size();
  out_ += data;
  std::replace_if(
      out_.begin() + static_cast<std::ptrdiff_t>(begin), out_.end(),
      [](char c) { return c == '\n' || c == '\r'; }, ' ');
  out_ += "\n\n";
}

std::optional<std::string> EventWriter::Take() {
  if (is_full()) return std::nullopt;
  return std::move(out_);
}

}  // namespace larder
