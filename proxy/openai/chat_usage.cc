#include "proxy/openai/chat_usage.h"

#include <algorithm>
#include <optional>

#include "proxy/json/json_edit.h"
#include "proxy/json/raw_json.h"
#include "proxy/openai/sse_reader.h"

namespace larder {
namespace {

constexpr std::string_view kName = "\"usage\"";

enum class Told { kNothing, kNull, kValue };

// At first sight of the text, which inside of a string has its quotes escaped: kValue may be wrong.
Told AtSight(std::string_view data) {
  constexpr std::string_view kBetween = " \t\r\n:";
  Told told = Told::kNothing;
  for (std::size_t at = data.find(kName); at != data.npos; at = data.find(kName, at)) {
    at = std::min(data.find_first_not_of(kBetween, at + kName.size()), data.size());
    if (data.substr(at, 4) != "null") return Told::kValue;
    told = Told::kNull;
  }
  return told;
}

struct Usage {
  bool has_value = false;
  bool is_alone = false;  // without a choice
};

Usage UsageIn(std::string_view data) {
  const auto chunk = RawJson::Parse(data);
  if (!chunk || !chunk->Find("usage").value_or(RawJson()).is_object()) return {};
  const auto choices = chunk->Find("choices");
  return {true, choices && choices->is_array() && choices->Elements().empty()};
}

bool ShowsItWasAskedFor(std::string_view stream) {
  SseReader reader;
  reader.Feed(stream);
  while (const auto event = reader.Next()) {
    const Told told = AtSight(event->data);
    if (told == Told::kNull && RemoveMember(event->data, "usage")) return true;
    if (told == Told::kValue && UsageIn(event->data).is_alone) return true;
  }
  return false;
}

}  // namespace

bool TellsUsage(std::string_view stream) {
  SseReader reader;
  reader.Feed(stream);
  while (const auto event = reader.Next()) {
    if (AtSight(event->data) == Told::kValue && UsageIn(event->data).has_value) return true;
  }
  return false;
}

std::string WithoutUsage(std::string_view stream) {
  if (!ShowsItWasAskedFor(stream)) return std::string(stream);
  std::string out;
  SseReader reader;
  reader.Feed(stream);
  while (const auto event = reader.Next()) {
    const Told told = AtSight(event->data);
    if (told == Told::kValue && UsageIn(event->data).is_alone) continue;
    const auto rest = told == Told::kNothing ? std::nullopt : RemoveMember(event->data, "usage");
    out += rest ? WithData(*event, *rest) : std::string(event->raw);
  }
  out += reader.Rest();
  return out;
}

}  // namespace larder
