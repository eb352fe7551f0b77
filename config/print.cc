#include "config/print.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "config/settings.h"
#include "config/text_checks.h"
#include "config/toml_text.h"

namespace larder {
namespace {

constexpr std::size_t kWidth = 100;

constexpr std::string_view kIntroduction =
    "Larder's settings. Every line \"#key = value\" shows a default: take the # away to change it. "
    "Below \"#[[...]]\" it shows an example: take the # of that line away as well. "
    "Larder reads this file when it is named by --config or LARDER_CONFIG; it looks for none by "
    "itself. A flag goes before the environment, the environment before this file, this file "
    "before the defaults. Unknown keys are errors, and secrets never stand here. Relative paths "
    "start at "
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
              NumberInWords(setting.max, setting.unit) + ".";
      break;
    case SettingKind::kChoice:
      facts = "One of:";
      for (const std::string_view choice : setting.choices) {
        facts += (choice == setting.choices.front() ? " " : ", ") + TomlString(choice);
      }
      facts += ".";
      break;
    case SettingKind::kBoolean:
      facts = "true or false.";
      break;
    case SettingKind::kString:
      facts = setting.decimal ? "A decimal number." : "A string.";
      break;
    case SettingKind::kStrings:
      facts = "An array of strings.";
      break;
  }
  const auto* number = std::get_if<std::int64_t>(&value);
  facts += setting.required
               ? " Required."
               : " Default: " +
                     (number != nullptr ? NumberInWords(*number, setting.unit) : TomlValue(value)) +
                     ".";
  if (!setting.environment.empty()) {
    facts += " Environment: " + std::string(setting.environment) + ".";
  }
  if (!setting.flag.empty()) facts += " Flag: " + std::string(setting.flag) + ".";
  if (setting.live) facts += " Changes on reload.";
  return facts;
}

// The value as TOML; a decimal without quotes, as people write numbers.
std::string ShowValue(const Setting& setting, const SettingValue& value) {
  if (!setting.decimal || std::get<std::string>(value).empty()) return TomlValue(value);
  return std::get<std::string>(value);
}

std::string Assignment(const Setting& setting, std::string_view toml) {
  return std::string(setting.name()) + " = " + std::string(toml);
}

// Walks through a file from its beginning: `on_table(name, settings)` for each table, those without
// one first, and `on_array(table)` for each array of tables where it stands.
template <typename OnTable, typename OnArray>
void Walk(const OnTable& on_table, const OnArray& on_array) {
  for (auto rest = Settings(); !rest.empty();) {
    const std::string_view table = rest.front().table();
    const auto end = std::find_if(rest.begin(), rest.end(),
                                  [&](const Setting& setting) { return setting.table() != table; });
    const auto count = static_cast<std::size_t>(end - rest.begin());
    on_table(table, rest.first(count));
    for (const TableSetting& array : TableSettings()) {
      if (array.after == table) on_array(array);
    }
    rest = rest.subspan(count);
  }
}

std::string OriginOf(const LoadedConfig& loaded, std::string_view key) {
  const auto found = loaded.origins.find(key);
  const std::string origin = found == loaded.origins.end() ? "unknown" : found->second;
  return IsPlainText(origin) ? origin : ShowText(origin);  // a path may hold anything
}

void AppendValue(std::string& out, const Setting& setting, const SettingValue& value,
                 const std::string& origin) {
  if (!setting.secret) {
    out += Assignment(setting, ShowValue(setting, value)) + "  # " + origin + "\n";
    return;
  }
  const bool is_set = !std::get<std::string>(value).empty();
  out += "# " + std::string(setting.name()) +
         (is_set ? ": set from " + origin + ", redacted\n" : ": not set\n");
}

// What one element may hold, as an example that is commented out.
void AppendExample(std::string& out, const TableSetting& table) {
  Config config;
  table.Append(config);
  out += '\n';
  AppendComment(out, std::string(table.description) + " At most " + std::to_string(table.most) +
                         ". Below stands an example of one.");
  out += "#[[" + std::string(table.key) + "]]\n";
  bool inherited = false;
  for (const Setting& row : table.rows) {
    const SettingValue value = row.read(config, 0);
    if (row.inherits.empty()) {
      out += '\n';
      AppendComment(out, row.description);
      if (row.secret) continue;
      AppendComment(out, Facts(row, value));
    } else if (!std::exchange(inherited, true)) {
      out += '\n';
      AppendComment(out, "What is not given of these is as in [" +
                             std::string(FindSetting(row.inherits)->table()) + "].");
    }
    out += "#" + Assignment(row, row.example.empty() ? ShowValue(row, value) : row.example) + "\n";
  }
}

}  // namespace

std::string PrintConfig(const LoadedConfig& loaded) {
  std::string out = "# What is in effect, and where each value came from.\n";
  Walk(
      [&](std::string_view name, std::span<const Setting> settings) {
        if (!name.empty()) out += "\n[" + std::string(name) + "]\n";
        for (const Setting& setting : settings) {
          AppendValue(out, setting, setting.read(loaded.config), OriginOf(loaded, setting.key));
        }
      },
      [&](const TableSetting& table) {
        for (std::size_t i = 0; i < table.size(loaded.config); ++i) {
          out += "\n[[" + std::string(table.key) + "]]  # " +
                 OriginOf(loaded, ElementKey(table, i)) + "\n";
          for (const Setting& row : table.rows) {
            AppendValue(out, row, row.read(loaded.config, i),
                        OriginOf(loaded, ElementKey(table, i, row.name())));
          }
        }
      });
  return out;
}

std::string DocumentedDefaults() {
  const Config defaults;
  std::string out;
  AppendComment(out, kIntroduction);
  Walk(
      [&](std::string_view name, std::span<const Setting> settings) {
        out += name.empty() ? "\n" : "\n[" + std::string(name) + "]\n";
        for (const Setting& setting : settings) {
          if (&setting != &settings.front()) out += '\n';
          AppendComment(out, setting.description);
          if (setting.secret) continue;
          const SettingValue value = setting.read(defaults);
          AppendComment(out, Facts(setting, value));
          out += "#" + Assignment(setting, ShowValue(setting, value)) + "\n";
        }
      },
      [&](const TableSetting& table) { AppendExample(out, table); });
  return out;
}

}  // namespace larder
