#include "proxy/search/request_json.h"

#include <algorithm>
#include <charconv>

#include "proxy/http/message.h"

namespace larder {
namespace {

Error NotWhole(const std::string& name, std::int64_t low, std::int64_t high) {
  return InvalidArgument(name + " must be a whole number in [" + std::to_string(low) + ", " +
                             std::to_string(high) + "]",
                         name);
}

}  // namespace

Result<JsonDocument> ParseRequestObject(std::string_view body,
                                        std::span<const std::string_view> fields) {
  LARDER_ASSIGN_OR_RETURN(JsonDocument document, JsonDocument::Parse(body));
  JsonObject members;
  if (document.root().get(members) != simdjson::SUCCESS) {
    return InvalidArgument("the body must be a JSON object");
  }
  for (const auto member : members) {
    if (!fields.empty() && std::find(fields.begin(), fields.end(), member.key) == fields.end()) {
      return InvalidArgument("there is no such field", std::string(member.key));
    }
  }
  if (const auto twice = DuplicateMember(document.root())) {
    return InvalidArgument("the member occurs twice", std::string(*twice));
  }
  return document;
}

std::optional<JsonElement> GivenMember(JsonElement root, std::string_view name) {
  auto member = Member(root, name);
  if (member && member->is_null()) member.reset();
  return member;
}

Result<std::int64_t> WholeMember(JsonElement root, const std::string& name, std::int64_t low,
                                 std::int64_t high, std::int64_t fallback) {
  if (!GivenMember(root, name)) return fallback;
  const auto value = IntMember(root, name);
  if (!value || *value < low || *value > high) return NotWhole(name, low, high);
  return *value;
}

Result<bool> FlagMember(JsonElement root, const std::string& name, bool fallback) {
  if (!GivenMember(root, name)) return fallback;
  const auto value = BoolMember(root, name);
  if (!value) return InvalidArgument(name + " must be true or false", name);
  return *value;
}

Result<std::string> TextMember(JsonElement root, const std::string& name) {
  if (!GivenMember(root, name)) return std::string();
  const auto value = StringMember(root, name);
  if (!value) return InvalidArgument(name + " must be a text", name);
  return std::string(*value);
}

Result<std::optional<double>> ScoreMember(JsonElement root, const std::string& name) {
  if (!GivenMember(root, name)) return std::optional<double>();
  const auto value = NumberMember(root, name);
  if (!value) return InvalidArgument(name + " must be a number", name);
  return value;
}

Result<std::vector<std::string>> TextsMember(JsonElement root, const std::string& name,
                                             std::size_t most) {
  const auto wrong = [&] {
    return InvalidArgument(name + " must be a list of 1 to " + std::to_string(most) + " texts",
                           name);
  };
  JsonArray items;
  const auto member = GivenMember(root, name);
  if (!member || member->get(items) != simdjson::SUCCESS) return wrong();
  std::vector<std::string> texts;
  for (const JsonElement item : items) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS || texts.size() == most) return wrong();
    texts.emplace_back(text);
  }
  if (texts.empty()) return wrong();
  return texts;
}

Result<std::size_t> LimitParameter(std::string_view query, const std::string& name,
                                   std::size_t most, std::size_t fallback) {
  const auto text = QueryParameter(query, name);
  if (!text) return fallback;
  std::size_t value = 0;
  const char* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value < 1 || value > most) {
    return NotWhole(name, 1, static_cast<std::int64_t>(most));
  }
  return value;
}

}  // namespace larder
