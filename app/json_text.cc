#include "app/json_text.h"

#include "app/terminal.h"

namespace larder {

std::string TextOf(JsonElement object, std::string_view name) {
  return Printable(StringMember(object, name).value_or(""));
}

std::string ListOf(JsonElement object, std::string_view name) {
  const auto list = Member(object, name);
  JsonArray strings;
  std::string text;
  if (!list || list->get(strings) != simdjson::SUCCESS) return text;
  for (const JsonElement element : strings) {
    std::string_view string;
    if (element.get(string) != simdjson::SUCCESS) continue;
    text += (text.empty() ? "" : ", ") + Printable(string);
  }
  return text;
}

}  // namespace larder
