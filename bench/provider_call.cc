#include "bench/provider_call.h"

#include <algorithm>

namespace larder::bench {
namespace {

// A place in a JSON text. Each function moves it on, and returns false when it could not.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  // True, and past it, when `c` is next.
  bool Take(char c) {
    place_ = std::min(text_.find_first_not_of(" \t\r\n", place_), text_.size());
    if (place_ == text_.size() || text_[place_] != c) return false;
    ++place_;
    return true;
  }

  // The string that is next, without its quotes.
  bool String(std::string_view& out) {
    if (!Take('"')) return false;
    const std::size_t begin = place_;
    while (true) {
      place_ = text_.find_first_of("\"\\", place_);
      if (place_ == std::string_view::npos) return Fail();
      if (text_[place_] == '"') break;
      place_ += 2;
    }
    out = text_.substr(begin, place_++ - begin);
    return true;
  }

  // Any value.
  bool Skip(std::string_view& out) {
    if (String(out)) return true;
    const std::size_t begin = place_;
    for (std::size_t depth = 0; place_ < text_.size();) {
      const char c = text_[place_];
      std::string_view inside;
      if (c == '"') {
        if (!String(inside)) return false;
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++place_;
    }
    out = text_.substr(begin, place_ - begin);
    return place_ > begin;
  }

 private:
  bool Fail() {
    place_ = text_.size();
    return false;
  }

  std::string_view text_;
  std::size_t place_ = 0;
};

bool ReadInputs(Cursor& at, std::vector<std::string_view>& inputs) {
  std::string_view text;
  if (!at.Take('[')) {
    if (!at.String(text)) return false;
    inputs.push_back(text);
    return true;
  }
  do {
    if (!at.String(text)) return false;
    inputs.push_back(text);
  } while (at.Take(','));
  return at.Take(']');
}

}  // namespace

std::optional<ProviderCall> ReadCall(std::string_view body) {
  ProviderCall call;
  Cursor at(body);
  if (!at.Take('{')) return std::nullopt;
  do {
    std::string_view name;
    std::string_view value;
    if (!at.String(name) || !at.Take(':')) return std::nullopt;
    if (!(name == "input" ? ReadInputs(at, call.inputs) : at.Skip(value))) return std::nullopt;
    if (name == "model") call.model = value;
    if (name == "encoding_format") call.base64 = value == "base64";
    if (name == "stream") call.stream = value.starts_with("true");
  } while (at.Take(','));
  if (!at.Take('}')) return std::nullopt;
  return call;
}

}  // namespace larder::bench
