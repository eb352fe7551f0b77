#include "config/setting_check.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "config/toml_text.h"

namespace larder {
namespace {

std::string RangeOf(const Setting& setting) {
  return "[" + std::to_string(setting.min) + ", " + std::to_string(setting.max) + "]";
}

// "\"text\" or \"json\"".
std::string ChoicesOf(const Setting& setting) {
  std::string out;
  for (std::size_t i = 0; i < setting.choices.size(); ++i) {
    if (i > 0) out += i + 1 == setting.choices.size() ? " or " : ", ";
    out += TomlString(setting.choices[i]);
  }
  return out;
}

// What a value of the setting is: completes "must be ...".
std::string Expected(const Setting& setting) {
  switch (setting.kind) {
    case SettingKind::kInteger:
      return "a whole number in " + RangeOf(setting);
    case SettingKind::kBoolean:
      return "true or false";
    case SettingKind::kString:
      return setting.decimal ? "a decimal number" : "a string";
    case SettingKind::kChoice:
      return ChoicesOf(setting);
    case SettingKind::kStrings:
      return "an array of strings";
  }
  return "something else";
}

Error MustBe(const Setting& setting, std::string_view what, std::string_view got) {
  return InvalidArgument(std::string(setting.key) + " must be " + std::string(what) + ", got " +
                         std::string(got));
}

Status Normalise(const Setting& setting, std::string& text) {
  if (setting.normalise == nullptr) return {};
  auto kept = setting.normalise(text);
  if (!kept.ok()) return InvalidArgument(std::string(setting.key) + " " + kept.error().message);
  text = std::move(kept).value();
  return {};
}

std::vector<std::string> SplitAtCommas(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view item = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
  }
  return items;
}

// Checks `value` and gives it the spelling it is kept in.
Status Settle(const Setting& setting, SettingValue& value) {
  static constexpr std::array<std::string_view, std::variant_size_v<SettingValue>> kKinds = {
      "a whole number", "a boolean", "a string", "an array"};
  const std::string_view kind = kKinds.at(value.index());
  switch (setting.kind) {
    case SettingKind::kInteger: {
      const auto* number = std::get_if<std::int64_t>(&value);
      if (number == nullptr) return WrongType(setting, kind);
      if (*number < setting.min || *number > setting.max) {
        return MustBe(setting, "in " + RangeOf(setting), std::to_string(*number));
      }
      return {};
    }
    case SettingKind::kBoolean:
      if (!std::holds_alternative<bool>(value)) return WrongType(setting, kind);
      return {};
    case SettingKind::kString: {
      auto* text = std::get_if<std::string>(&value);
      if (text == nullptr) return WrongType(setting, kind);
      return Normalise(setting, *text);
    }
    case SettingKind::kChoice: {
      const auto* text = std::get_if<std::string>(&value);
      if (text == nullptr) return WrongType(setting, kind);
      const auto& choices = setting.choices;
      if (std::find(choices.begin(), choices.end(), *text) == choices.end()) {
        return MustBe(setting, ChoicesOf(setting), ShowText(*text));
      }
      return {};
    }
    case SettingKind::kStrings: {
      auto* items = std::get_if<std::vector<std::string>>(&value);
      if (items == nullptr) return WrongType(setting, kind);
      for (std::string& item : *items) LARDER_RETURN_IF_ERROR(Normalise(setting, item));
      return {};
    }
  }
  return InternalError("a setting of no kind");
}

}  // namespace

Result<SettingValue> CheckSetting(const Setting& setting, SettingValue value) {
  LARDER_RETURN_IF_ERROR(Settle(setting, value));
  return value;
}

Result<SettingValue> ParseSetting(const Setting& setting, std::string_view text) {
  switch (setting.kind) {
    case SettingKind::kInteger: {
      std::int64_t number = 0;
      const char* const last = text.data() + text.size();
      const auto [end, error] = std::from_chars(text.data(), last, number);
      if (error != std::errc{} || end != last) {
        return MustBe(setting, Expected(setting), ShowText(text));
      }
      return CheckSetting(setting, number);
    }
    case SettingKind::kBoolean:
      if (text != "true" && text != "false") {
        return MustBe(setting, Expected(setting), ShowText(text));
      }
      return CheckSetting(setting, text == "true");
    case SettingKind::kString:
    case SettingKind::kChoice:
      return CheckSetting(setting, std::string(text));
    case SettingKind::kStrings:
      return CheckSetting(setting, SplitAtCommas(text));
  }
  return InternalError("a setting of no kind");
}

Error WrongType(const Setting& setting, std::string_view kind) {
  return MustBe(setting, Expected(setting), kind);
}

Error MisplacedSecret(const Setting& setting) {
  const std::string key(setting.key);
  const std::string variable = setting.environment.empty()
                                   ? "name the variable that holds it with " + key + "_env"
                                   : "set " + std::string(setting.environment);
  return InvalidArgument(
      key + " is a secret, which stands neither in the config file nor on the command line; " +
      variable + ", or name a file that holds it with " + key + "_file");
}

}  // namespace larder
