// MergedJson: what the pieces of a streamed JSON value add up to. Numbers and strings keep their
// spelling. Source: OpenAI's streaming reference (deltas), and what its official clients do with
// them. Thread-safety: none; one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/json/raw_json.h"

namespace larder {

class MergedJson {
 public:
  // How a value and a later one of the same name make one. Objects: member by member, in the order
  // in which they first came. null never takes the place of something.
  enum class Rule {
    // Strings are joined, arrays appended; of labels ("role", "id", "type", ...) and of other
    // scalars
    // the last stands. "tool_calls" are merged by their "index", which is not kept; one without
    // an index is a new one. "content" of strings and of parts becomes one of parts.
    kGrows,
    // The last that is not blank (null, "", 0, []) stands.
    kLatest,
  };

  // Adds a piece. `name` is that of the member the value is of, "" for none.
  void Add(std::string_view name, RawJson piece, Rule rule);
  // Makes it an object if it is not one yet, and adds to its member `name`.
  void AddMember(std::string_view name, RawJson piece, Rule rule);
  // Puts a value in the place of whatever the object's member `name` was.
  void SetMember(std::string_view name, std::string_view raw);
  // nullptr when it is no object or has no such member.
  const MergedJson* Find(std::string_view name) const;

  bool is_absent() const { return kind_ == Kind::kAbsent; }
  bool is_null() const { return kind_ == Kind::kScalar && text_ == "null"; }
  bool is_object() const { return kind_ == Kind::kObject; }
  // null, "", [] or {}; also when nothing was added.
  bool is_empty() const;
  bool is_empty_string() const { return kind_ == Kind::kString && text_.empty(); }

  // Appends the value; null when nothing was added.
  void AppendTo(std::string& out) const;
  // An object's members, without its braces.
  void AppendMembersTo(std::string& out) const;

 private:
  enum class Kind { kAbsent, kScalar, kString, kArray, kIndexed, kObject };
  void Add(std::string_view name, RawJson piece, Rule rule, int depth);
  void Extend(std::string_view elements);
  void AddIndexed(RawJson calls, int depth);
  MergedJson& MemberOf(std::string_view name);
  void Become(RawJson piece);

  Kind kind_ = Kind::kAbsent;
  // A scalar as it is written; the inside of a string; an array's elements with their commas.
  std::string text_;
  std::vector<std::pair<std::string, MergedJson>> members_;
  std::map<std::string, std::size_t, std::less<>> places_;  // of members_, by name
  std::map<std::int64_t, MergedJson> indexed_;
};

}  // namespace larder
