#include "app/tail_line.h"

#include <ctime>

#include "app/human.h"
#include "app/terminal.h"

namespace larder {
namespace {

std::string TimeOf(std::int64_t millis) {
  const auto seconds = static_cast<std::time_t>(millis / 1000);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof(text), "%H:%M:%S", &local);
  std::snprintf(text + size, sizeof(text) - size, ".%03d", static_cast<int>(millis % 1000));
  return text;
}

std::string Padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

Colour OfOutcome(std::string_view outcome) {
  if (outcome == "hit") return Colour::kGreen;
  if (outcome == "stale") return Colour::kCyan;
  if (outcome == "miss") return Colour::kYellow;
  return Colour::kPlain;
}

Colour OfStatus(std::int64_t status) {
  return status >= 500 ? Colour::kRed : status >= 400 ? Colour::kYellow : Colour::kPlain;
}

// Why it was no hit: "changed: temperature", "bypass: skip-cache", "cold".
std::string WhyOf(JsonElement event) {
  std::string why = Printable(StringMember(event, "why").value_or(""));
  std::string_view detail = StringMember(event, "changed_field").value_or("");
  if (why != "changed") detail = StringMember(event, "reason").value_or("");
  if (why.empty()) return Printable(detail);
  return detail.empty() ? why : why + ": " + Printable(detail);
}

}  // namespace

std::string RenderTailLine(JsonElement event, bool colour) {
  const auto number = [&](const char* name) { return IntMember(event, name).value_or(0); };
  const auto text = [&](const char* name) {
    return Printable(StringMember(event, name).value_or(""));
  };
  const std::int64_t status = number("status");
  const std::string outcome = text("outcome");
  std::string took = HumanMillis(static_cast<double>(number("total_us")) / 1000);
  took.insert(0, took.size() < 9 ? 9 - took.size() : 0, ' ');
  std::string line =
      Coloured(TimeOf(number("time_ms")), Colour::kDim, colour) + "  " +
      Coloured(std::to_string(status), OfStatus(status), colour) + "  " +
      Coloured(Padded(outcome.empty() ? "-" : outcome, 7), OfOutcome(outcome), colour) + took +
      "  " + Padded(text("route"), 11) + "  " + Padded(text("model"), 24);
  if (const auto items = number("items"); items > 0) {
    line += "  " + HumanCount(number("items_hit")) + "/" + HumanCount(items);
  }
  if (const auto saved = number("tokens_saved"); saved > 0) {
    line += "  " + HumanCount(saved) + " saved";
  }
  if (const auto billed = number("tokens_billed"); billed > 0) {
    line += "  " + HumanCount(billed) + " billed";
  }
  if (BoolMember(event, "collapsed").value_or(false)) line += "  collapsed";
  if (!BoolMember(event, "complete").value_or(true)) {
    line += "  " + Coloured("cut short", Colour::kRed, colour);
  }
  if (const std::string why = WhyOf(event); !why.empty()) line += "  " + why;
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

}  // namespace larder
