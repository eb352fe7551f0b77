#include "app/flags.h"

#include <charconv>
#include <cmath>

#include "base/duration_text.h"

namespace larder {
namespace {

std::string WithDefault(const std::string& help, const std::string& value) {
  return value.empty() ? help : help + " (default " + value + ")";
}

// nullopt unless all of `text` is one.
template <typename Number>
std::optional<Number> ParseNumber(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string Range(int min, int max) {
  return "must be a whole number in [" + std::to_string(min) + ", " + std::to_string(max) + "]";
}

}  // namespace

Flag& FlagTable::Add(Flag flag) {
  return flags_.emplace_back(std::move(flag));
}

Flag& FlagTable::Switch(std::string name, bool& target, std::string help) {
  return Add({std::move(name), "", std::move(help), [&target](const std::string&) {
                target = true;
                return std::nullopt;
              }});
}

Flag& FlagTable::Text(std::string name, std::string value, std::string& target,
                      const std::string& help) {
  return Add({std::move(name), std::move(value), WithDefault(help, target),
              [&target](const std::string& text) {
                target = text;
                return std::nullopt;
              }});
}

Flag& FlagTable::Text(std::string name, std::string value, std::optional<std::string>& target,
                      std::string help) {
  return Add(
      {std::move(name), std::move(value), std::move(help), [&target](const std::string& text) {
         target = text;
         return std::nullopt;
       }});
}

Flag& FlagTable::Integer(std::string name, std::string value, int& target, int min, int max,
                         const std::string& help) {
  return Add({std::move(name), std::move(value), WithDefault(help, std::to_string(target)),
              [&target, min, max](const std::string& text) -> std::optional<std::string> {
                const auto number = ParseNumber<int>(text);
                if (!number || *number < min || *number > max) return Range(min, max);
                target = *number;
                return std::nullopt;
              }});
}

Flag& FlagTable::Integer(std::string name, std::string value, std::optional<int>& target, int min,
                         int max, std::string help) {
  return Add({std::move(name), std::move(value), std::move(help),
              [&target, min, max](const std::string& text) -> std::optional<std::string> {
                const auto number = ParseNumber<int>(text);
                if (!number || *number < min || *number > max) return Range(min, max);
                target = *number;
                return std::nullopt;
              }});
}

Flag& FlagTable::Number(std::string name, std::string value, std::optional<double>& target,
                        double min, std::string help) {
  return Add({std::move(name), std::move(value), std::move(help),
              [&target, min](const std::string& text) -> std::optional<std::string> {
                const auto number = ParseNumber<double>(text);
                if (!number || !std::isfinite(*number) || *number < min) {
                  return min > -1 ? "must be a number above 0" : "must be a number";
                }
                target = *number;
                return std::nullopt;
              }});
}

Flag& FlagTable::Choice(std::string name, std::string value, std::string& target,
                        std::vector<std::string> choices, const std::string& help) {
  std::string list;
  for (const std::string& choice : choices) list += (list.empty() ? "" : ", ") + choice;
  Flag flag{std::move(name), std::move(value), WithDefault(help, target),
            [&target, choices, list](const std::string& text) -> std::optional<std::string> {
              if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
                return "must be one of " + list;
              }
              target = text;
              return std::nullopt;
            }};
  flag.choices = std::move(choices);
  return Add(std::move(flag));
}

Flag& FlagTable::Duration(std::string name, std::optional<std::chrono::seconds>& target,
                          std::string help) {
  return Add({std::move(name), "TIME", std::move(help),
              [&target](const std::string& text) -> std::optional<std::string> {
                target = ParseDuration(text);
                if (target) return std::nullopt;
                return "must be a time such as 90s, 15m, 12h or 7d";
              }});
}

Flag& FlagTable::Texts(std::string name, std::string value, std::vector<std::string>& target,
                       std::string help) {
  return Add(
      {std::move(name), std::move(value), std::move(help), [&target](const std::string& text) {
         target.push_back(text);
         return std::nullopt;
       }});
}

}  // namespace larder
