#include "config/print.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "config/settings.h"
#include "config/text_checks.h"
#include "config/toml_text.h"

namespace larder {
namespace {

constexpr std::size_t kWidth = 100;

constexpr std::string_view kIntroduction =
    "Larder's settings. Every line \"#key = value\" shows a default: take the # away to change it. "
    "Larder reads this file when it is named by --config or LARDER_CONFIG; it looks for none by "
    "itself. A flag goes before the environment, the environment before this file, this file "
    "before "
    "the defaults. Unknown keys are errors, and secrets never stand here. Relative paths start at "
    "the working directory.";

// Appends `text` as comment lines of at most kWidth characters.
void AppendComment(std::string& out, std::string_view text) {
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (column > 0 && column + 1 + word.size() > kWidth) {
      out += '\n';
      column = 0;
    }
    if (column == 0) {
      out += '#';
      column = 1;
    }
    out += ' ';
    out += word;
    column += 1 + word.size();
  }
  out += '\n';
}

// "30 days" for 2592000 seconds, "64 MiB" for 67108864 bytes; empty where the number says it as
// well.
std::string InWords(std::int64_t number, std::string_view unit) {
  struct Step {
    std::int64_t size;
    std::string_view one;
    std::string_view many;
  };
  static constexpr std::array<Step, 4> kBytes = {{{std::int64_t{1} << 40, "TiB", "TiB"},
                                                  {std::int64_t{1} << 30, "GiB", "GiB"},
                                                  {std::int64_t{1} << 20, "MiB", "MiB"},
                                                  {std::int64_t{1} << 10, "KiB", "KiB"}}};
  static constexpr std::array<Step, 4> kSeconds = {{{365 * 86'400, "year", "years"},
                                                    {86'400, "day", "days"},
                                                    {3'600, "hour", "hours"},
                                                    {60, "minute", "minutes"}}};
  if (unit != "bytes" && unit != "seconds") return {};
  for (const Step& step : unit == "bytes" ? kBytes : kSeconds) {
    if (number < step.size || number % step.size != 0) continue;
    const std::int64_t count = number / step.size;
    return std::to_string(count) + " " + std::string(count == 1 ? step.one : step.many);
  }
  return {};
}

std::string NumberInWords(std::int64_t number, std::string_view unit) {
  const std::string words = InWords(number, unit);
  return std::to_string(number) + (words.empty() ? "" : " (" + words + ")");
}

// What may be set and what is set by default, as sentences.
std::string Facts(const Setting& setting, const SettingValue& value) {
  std::string facts;
  switch (setting.kind) {
    case SettingKind::kInteger:
      facts = "Unit: " + std::string(setting.unit) +
              ". Range: " + NumberInWords(setting.min, setting.unit) + " to " +
              NumberInWords(setting.max, setting.unit) +
              ". Default: " + NumberInWords(std::get<std::int64_t>(value), setting.unit) + ".";
      break;
    case SettingKind::kChoice:
      facts = "One of:";
      for (const std::string_view choice : setting.choices) {
        facts += (choice == setting.choices.front() ? " " : ", ") + TomlString(choice);
      }
      facts += ". Default: " + TomlValue(value) + ".";
      break;
    case SettingKind::kBoolean:
      facts = "true or false. Default: " + TomlValue(value) + ".";
      break;
    case SettingKind::kString:
      facts = "A string. Default: " + TomlValue(value) + ".";
      break;
    case SettingKind::kStrings:
      facts = "An array of strings. Default: " + TomlValue(value) + ".";
      break;
  }
  if (!setting.environment.empty()) {
    facts += " Environment: " + std::string(setting.environment) + ".";
  }
  if (!setting.flag.empty()) facts += " Flag: " + std::string(setting.flag) + ".";
  return facts;
}

// Opens the setting's table unless `table` is it already; tells whether it did.
bool AppendTable(std::string& out, const Setting& setting, std::string_view& table) {
  if (setting.table() == table) return false;
  table = setting.table();
  out += "\n[" + std::string(table) + "]\n";
  return true;
}

std::string Assignment(const Setting& setting, const SettingValue& value) {
  return std::string(setting.name()) + " = " + TomlValue(value);
}

}  // namespace

std::string PrintConfig(const LoadedConfig& loaded) {
  std::string out = "# What is in effect, and where each value came from.\n";
  std::string_view table;
  for (const Setting& setting : Settings()) {
    AppendTable(out, setting, table);
    const SettingValue value = setting.read(loaded.config);
    const auto found = loaded.origins.find(setting.key);
    std::string origin = found == loaded.origins.end() ? "unknown" : found->second;
    if (!IsPlainText(origin)) origin = ShowText(origin);  // a path may hold anything
    if (setting.secret) {
      const bool is_set = !std::get<std::string>(value).empty();
      out += "# " + std::string(setting.name()) +
             (is_set ? ": set from " + origin + ", redacted\n" : ": not set\n");
    } else {
      out += Assignment(setting, value) + "  # " + origin + "\n";
    }
  }
  return out;
}

std::string DocumentedDefaults() {
  const Config defaults;
  std::string out;
  AppendComment(out, kIntroduction);
  std::string_view table;
  for (const Setting& setting : Settings()) {
    if (!AppendTable(out, setting, table)) out += '\n';
    const SettingValue value = setting.read(defaults);
    AppendComment(out, setting.description);
    if (setting.secret) continue;
    AppendComment(out, Facts(setting, value));
    out += "#" + Assignment(setting, value) + "\n";
  }
  return out;
}

}  // namespace larder
