// JSON values as they are written: slices of a text, for what is moved elsewhere without a change
// of its spelling (big integers, floats, escapes). The grammar is RFC 8259's, at most 512 levels
// deep. Unlike JsonDocument it lets pass, inside strings, halves of surrogate pairs and bytes that
// are no UTF-8: an answer that was cut into events may have been cut between them.
// Thread-safety: immutable values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct RawMember;

// A view of one value; lives as long as the text.
class RawJson {
 public:
  // nullopt when `text` is not exactly one JSON value (white space around it is allowed).
  static std::optional<RawJson> Parse(std::string_view text);

  RawJson() = default;  // null

  // Without white space around it.
  std::string_view text() const { return text_; }
  bool is_null() const { return text_.front() == 'n'; }
  bool is_string() const { return text_.front() == '"'; }
  bool is_object() const { return text_.front() == '{'; }
  bool is_array() const { return text_.front() == '['; }

  // What stands between the quotes, still escaped. The inside of two strings, one behind the other,
  // is the inside of both joined. Empty for other kinds.
  std::string_view Inside() const;
  // The characters of a string, as UTF-8 (half of a surrogate pair as the three bytes of its code
  // point). Empty for other kinds.
  std::string Unescaped() const;

  // In the order of the text; empty for other kinds. Cost of each: linear in the text.
  std::vector<RawJson> Elements() const;
  std::vector<RawMember> Members() const;
  // The member `name`; the last one when there are several, as most readers have it.
  std::optional<RawJson> Find(std::string_view name) const;
  // The same when it is a string: its characters; "" otherwise.
  std::string FindString(std::string_view name) const;

 private:
  explicit RawJson(std::string_view text) : text_(text) {}
  std::string_view text_ = "null";
};

struct RawMember {
  RawJson name;  // a string
  RawJson value;

  // However the name is escaped.
  bool Is(std::string_view other) const;
};

}  // namespace larder
