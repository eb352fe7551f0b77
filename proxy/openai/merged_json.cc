#include "proxy/openai/merged_json.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "proxy/json/json_writer.h"

namespace larder {
namespace {

// Deeper objects are taken as they come, so that the cost stays linear.
constexpr int kMaxDepth = 8;

// Strings that name a thing and come whole, if more than once.
bool IsLabel(std::string_view name) {
  constexpr std::array<std::string_view, 6> kLabels = {"role",  "id",     "type",
                                                       "index", "format", "status"};
  return std::find(kLabels.begin(), kLabels.end(), name) != kLabels.end();
}

bool IsBlank(RawJson value) {
  const std::string_view text = value.text();
  return value.is_null() || text == "\"\"" || text == "0" ||
         (value.is_array() && value.Elements().empty());
}

// The text between the brackets.
std::string_view InsideOf(RawJson array) {
  std::string_view text = array.text().substr(1, array.text().size() - 2);
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// A text as a part of a message's content, for content that comes partly in parts.
std::string TextPart(std::string_view inside) {
  return R"({"type":"text","text":")" + std::string(inside) + "\"}";
}

std::int64_t IndexOf(RawJson call, std::int64_t otherwise) {
  const std::string_view text = call.Find("index").value_or(RawJson()).text();
  std::int64_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  return error == std::errc() && end == text.data() + text.size() ? index : otherwise;
}

}  // namespace

void MergedJson::Add(std::string_view name, RawJson piece, Rule rule) {
  Add(name, piece, rule, 0);
}

void MergedJson::AddMember(std::string_view name, RawJson piece, Rule rule) {
  MemberOf(name).Add(name, piece, rule, 1);
}

void MergedJson::SetMember(std::string_view name, std::string_view raw) {
  MergedJson& member = MemberOf(name);
  member = MergedJson();
  member.kind_ = Kind::kScalar;
  member.text_ = raw;
}

const MergedJson* MergedJson::Find(std::string_view name) const {
  const auto place = places_.find(name);
  return place == places_.end() ? nullptr : &members_[place->second].second;
}

MergedJson& MergedJson::MemberOf(std::string_view name) {
  if (kind_ != Kind::kObject) {
    *this = MergedJson();
    kind_ = Kind::kObject;
  }
  const auto [place, is_new] = places_.emplace(name, members_.size());
  if (is_new) members_.emplace_back(std::string(name), MergedJson());
  return members_[place->second].second;
}

void MergedJson::Become(RawJson piece) {
  *this = MergedJson();
  if (piece.is_string()) {
    kind_ = Kind::kString;
    text_ = piece.Inside();
  } else if (piece.is_array()) {
    kind_ = Kind::kArray;
    text_ = InsideOf(piece);
  } else {
    kind_ = Kind::kScalar;
    text_ = piece.text();
  }
}

void MergedJson::Add(std::string_view name, RawJson piece, Rule rule, int depth) {
  if (piece.is_null() && !is_absent()) return;
  if (piece.is_object() && depth < kMaxDepth) {
    if (kind_ != Kind::kObject) {
      *this = MergedJson();
      kind_ = Kind::kObject;
    }
    for (const RawMember& member : piece.Members()) {
      const std::string key = member.name.Unescaped();
      MemberOf(key).Add(key, member.value, rule, depth + 1);
    }
    return;
  }
  if (rule == Rule::kLatest) {
    if (is_absent() || !IsBlank(piece)) Become(piece);
    return;
  }
  if (piece.is_array() && name == "tool_calls") {
    AddIndexed(piece, depth);
  } else if (piece.is_array() && kind_ == Kind::kString && name == "content" && !text_.empty()) {
    text_ = TextPart(text_);
    kind_ = Kind::kArray;
    Extend(InsideOf(piece));
  } else if (piece.is_array() && kind_ == Kind::kArray) {
    Extend(InsideOf(piece));
  } else if (piece.is_string() && kind_ == Kind::kArray && name == "content") {
    if (!piece.Inside().empty()) Extend(TextPart(piece.Inside()));
  } else if (piece.is_string() && kind_ == Kind::kString) {
    const std::string_view inside = piece.Inside();
    // Some providers repeat a function's name in every event.
    const bool is_whole = IsLabel(name) || (name == "name" && inside == text_);
    if (!is_whole) {
      text_ += inside;
    } else if (!inside.empty()) {
      text_ = inside;
    }
  } else {
    Become(piece);
  }
}

void MergedJson::Extend(std::string_view elements) {
  if (!text_.empty() && !elements.empty()) text_ += ',';
  text_ += elements;
}

void MergedJson::AddIndexed(RawJson calls, int depth) {
  if (kind_ != Kind::kIndexed) {
    *this = MergedJson();
    kind_ = Kind::kIndexed;
  }
  for (const RawJson call : calls.Elements()) {
    const std::int64_t next = indexed_.empty() ? 0 : indexed_.rbegin()->first + 1;
    MergedJson& merged = indexed_[IndexOf(call, next)];
    if (!call.is_object()) {
      merged.Become(call);
      continue;
    }
    for (const RawMember& member : call.Members()) {
      const std::string key = member.name.Unescaped();
      if (key != "index") merged.MemberOf(key).Add(key, member.value, Rule::kGrows, depth + 1);
    }
  }
}

bool MergedJson::is_empty() const {
  switch (kind_) {
    case Kind::kAbsent:
      return true;
    case Kind::kScalar:
      return text_ == "null";
    case Kind::kString:
    case Kind::kArray:
      return text_.empty();
    case Kind::kIndexed:
      return indexed_.empty();
    case Kind::kObject:
      return members_.empty();
  }
  return true;
}

void MergedJson::AppendTo(std::string& out) const {
  switch (kind_) {
    case Kind::kAbsent:
      out += "null";
      return;
    case Kind::kScalar:
      out += text_;
      return;
    case Kind::kString:
      out += '"' + text_ + '"';
      return;
    case Kind::kArray:
      out += '[' + text_ + ']';
      return;
    case Kind::kIndexed: {
      char before = '[';
      for (const auto& [index, call] : indexed_) {
        out += before;
        call.AppendTo(out);
        before = ',';
      }
      out += indexed_.empty() ? "[]" : "]";
      return;
    }
    case Kind::kObject:
      out += '{';
      AppendMembersTo(out);
      out += '}';
      return;
  }
}

void MergedJson::AppendMembersTo(std::string& out) const {
  bool first = true;
  for (const auto& [name, value] : members_) {
    if (!std::exchange(first, false)) out += ',';
    AppendJsonString(name, out);
    out += ':';
    value.AppendTo(out);
  }
}

}  // namespace larder
