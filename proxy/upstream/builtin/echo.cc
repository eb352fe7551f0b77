#include "proxy/upstream/builtin/echo.h"

namespace larder::builtin {
namespace {

bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Calls `at_end(offset)` for the end of each word until it returns false.
template <typename AtEnd>
void ForEachWordEnd(std::string_view text, AtEnd at_end) {
  std::size_t end = 0;
  while (end < text.size()) {
    while (end < text.size() && IsSpace(text[end])) ++end;
    while (end < text.size() && !IsSpace(text[end])) ++end;
    const std::size_t next = text.find_first_not_of(" \t\n\v\f\r", end);
    if (next == std::string_view::npos) end = text.size();
    if (!at_end(end)) return;
  }
}

Result<std::string> TextOf(JsonElement message, const std::string& param) {
  const auto content = Member(message, "content");
  if (!content || content->is_null()) return std::string();
  std::string_view whole;
  if (content->get(whole) == simdjson::SUCCESS) return std::string(whole);
  JsonArray parts;
  if (content->get(parts) != simdjson::SUCCESS) {
    return InvalidArgument(param + ".content must be a string or an array of parts",
                           param + ".content");
  }
  std::string text;
  for (const JsonElement part : parts) {
    const auto piece = StringMember(part, "text");
    if (!piece) continue;
    if (!text.empty()) text += '\n';
    text += *piece;
  }
  return text;
}

}  // namespace

std::size_t CountTokens(std::string_view text) {
  std::size_t count = 0;
  ForEachWordEnd(text, [&](std::size_t) { return ++count != 0; });
  return count;
}

std::string_view Echo::Word(std::size_t i) const {
  const std::size_t begin = i == 0 ? 0 : ends[i - 1];
  return std::string_view(text).substr(begin, ends[i] - begin);
}

Echo EchoOf(std::string_view said, std::optional<std::int64_t> max_words) {
  Echo echo;
  echo.text = std::string("You said: ").append(said);
  ForEachWordEnd(echo.text, [&](std::size_t end) {
    echo.is_cut = max_words && echo.ends.size() == static_cast<std::size_t>(*max_words);
    if (!echo.is_cut) echo.ends.push_back(end);
    return !echo.is_cut;
  });
  echo.text.resize(echo.ends.back());
  return echo;
}

Result<Conversation> ReadConversation(JsonArray messages, std::string_view param) {
  Conversation conversation;
  std::size_t index = 0;
  for (const JsonElement message : messages) {
    const std::string name = std::string(param) + "[" + std::to_string(index++) + "]";
    if (!message.is_object()) return InvalidArgument(name + " must be an object", name);
    const auto role = StringMember(message, "role");
    const auto type = StringMember(message, "type");
    if (!role && type && *type != "message") continue;
    if (!role) return InvalidArgument(name + ".role must be a string", name + ".role");
    LARDER_ASSIGN_OR_RETURN(std::string text, TextOf(message, name));
    conversation.tokens += CountTokens(text);
    if (*role == "user") conversation.last_user_text = std::move(text);
  }
  return conversation;
}

}  // namespace larder::builtin
