#include "proxy/json/raw_json.h"

#include <algorithm>
#include <cstdint>

namespace larder {
namespace {

constexpr std::size_t kMaxDepth = 512;

bool IsSpace(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Reads along a text. Each step returns false, anywhere, when what it is for does not stand there.
class Cursor {
 public:
  explicit Cursor(std::string_view text, std::size_t at = 0) : text_(text), at_(at) {}

  std::size_t at() const { return at_; }
  bool done() const { return at_ >= text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }

  void Space() {
    while (!done() && IsSpace(text_[at_])) ++at_;
  }
  bool Take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool String() {
    if (!Take('"')) return false;
    while (!done()) {
      const auto c = static_cast<unsigned char>(text_[at_++]);
      if (c == '"') return true;
      if (c < 0x20 || (c == '\\' && !Escape())) return false;
    }
    return false;
  }
  // A string and the colon behind it.
  bool Name() {
    Space();
    if (!String()) return false;
    Space();
    return Take(':');
  }
  bool Scalar() {
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return true;
      }
    }
    return Number();
  }
  // Over one value of a text that is known to be JSON.
  void SkipValue() {
    if (peek() == '"') {
      String();
      return;
    }
    std::size_t depth = 0;
    while (!done()) {
      const char c = text_[at_];
      if (c == '"') {
        String();
        continue;
      }
      if (c == '{' || c == '[') {
        ++depth;
      } else if (depth == 0 && (c == ',' || c == '}' || c == ']' || IsSpace(c))) {
        return;
      } else if (c == '}' || c == ']') {
        if (--depth == 0) {
          ++at_;
          return;
        }
      }
      ++at_;
    }
  }

 private:
  bool Escape() {
    const char c = peek();
    ++at_;
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    for (int i = 0; i < 4; ++i) {
      if (HexDigit(peek()) < 0) return false;
      ++at_;
    }
    return true;
  }
  bool Digits() {
    if (!IsDigit(peek())) return false;
    while (IsDigit(peek())) ++at_;
    return true;
  }
  bool Number() {
    Take('-');
    if (!Take('0') && !Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      return Digits();
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_;
};

bool IsJson(std::string_view text) {
  Cursor cursor(text);
  std::string open;  // the closing brackets that are due
  while (true) {
    cursor.Space();
    const char c = cursor.peek();
    if (c == '{' || c == '[') {
      if (open.size() == kMaxDepth) return false;
      const char close = c == '{' ? '}' : ']';
      cursor.Take(c);
      cursor.Space();
      if (!cursor.Take(close)) {
        open.push_back(close);
        if (close == '}' && !cursor.Name()) return false;
        continue;
      }
    } else if (c == '"' ? !cursor.String() : !cursor.Scalar()) {
      return false;
    }
    // A value has ended: with it, perhaps, what it stands in.
    while (true) {
      cursor.Space();
      if (open.empty()) return cursor.done();
      if (cursor.Take(',')) {
        if (open.back() == '}' && !cursor.Name()) return false;
        break;
      }
      if (!cursor.Take(open.back())) return false;
      open.pop_back();
    }
  }
}

void AppendUtf8(std::uint32_t c, std::string& out) {
  const auto tail = [&](int shift) {
    out.push_back(static_cast<char>(0x80 | ((c >> shift) & 0x3F)));
  };
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (c >> 6)));
    tail(0);
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (c >> 12)));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xF0 | (c >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

// The four digits behind a "\u" at `at`; nothing when there is no such escape.
std::optional<std::uint32_t> UnitAt(std::string_view inside, std::size_t at) {
  if (inside.substr(at, 2) != "\\u" || inside.size() - at < 6) return std::nullopt;
  std::uint32_t unit = 0;
  for (const char c : inside.substr(at + 2, 4)) {
    unit = unit * 16 + static_cast<std::uint32_t>(std::max(HexDigit(c), 0));
  }
  return unit;
}

std::string Unescape(std::string_view inside) {
  std::string out;
  out.reserve(inside.size());
  std::size_t at = 0;
  while (at < inside.size()) {
    const std::size_t escape = std::min(inside.find('\\', at), inside.size());
    out.append(inside, at, escape - at);
    at = escape;
    if (at + 1 >= inside.size()) break;
    if (const auto unit = UnitAt(inside, at)) {
      at += 6;
      const auto low = UnitAt(inside, std::min(at, inside.size()));
      if (*unit >= 0xD800 && *unit < 0xDC00 && low && *low >= 0xDC00 && *low < 0xE000) {
        AppendUtf8(0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00), out);
        at += 6;
      } else {
        AppendUtf8(*unit, out);
      }
      continue;
    }
    constexpr std::string_view kLetters = "bfnrt";
    constexpr std::string_view kMeant = "\b\f\n\r\t";
    const char c = inside[at + 1];
    const std::size_t letter = kLetters.find(c);
    out.push_back(letter == std::string_view::npos ? c : kMeant[letter]);
    at += 2;
  }
  return out;
}

}  // namespace

std::optional<RawJson> RawJson::Parse(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  if (!IsJson(text)) return std::nullopt;
  return RawJson(text);
}

std::string_view RawJson::Inside() const {
  return is_string() ? text_.substr(1, text_.size() - 2) : std::string_view();
}

std::string RawJson::Unescaped() const {
  return Unescape(Inside());
}

std::vector<RawJson> RawJson::Elements() const {
  std::vector<RawJson> elements;
  if (!is_array()) return elements;
  Cursor cursor(text_, 1);
  cursor.Space();
  if (cursor.peek() == ']') return elements;
  do {
    cursor.Space();
    const std::size_t begin = cursor.at();
    cursor.SkipValue();
    elements.push_back(RawJson(text_.substr(begin, cursor.at() - begin)));
    cursor.Space();
  } while (cursor.Take(','));
  return elements;
}

std::vector<RawMember> RawJson::Members() const {
  std::vector<RawMember> members;
  if (!is_object()) return members;
  Cursor cursor(text_, 1);
  cursor.Space();
  if (cursor.peek() == '}') return members;
  do {
    cursor.Space();
    const std::size_t name = cursor.at();
    cursor.String();
    const std::size_t name_end = cursor.at();
    cursor.Space();
    cursor.Take(':');
    cursor.Space();
    const std::size_t value = cursor.at();
    cursor.SkipValue();
    members.push_back({RawJson(text_.substr(name, name_end - name)),
                       RawJson(text_.substr(value, cursor.at() - value))});
    cursor.Space();
  } while (cursor.Take(','));
  return members;
}

std::optional<RawJson> RawJson::Find(std::string_view name) const {
  std::optional<RawJson> found;
  for (const RawMember& member : Members()) {
    if (member.Is(name)) found = member.value;
  }
  return found;
}

std::string RawJson::FindString(std::string_view name) const {
  return Find(name).value_or(RawJson()).Unescaped();
}

bool RawMember::Is(std::string_view other) const {
  const std::string_view inside = name.Inside();
  if (inside == other) return inside.find('\\') == std::string_view::npos;
  return inside.find('\\') != std::string_view::npos && name.Unescaped() == other;
}

}  // namespace larder
