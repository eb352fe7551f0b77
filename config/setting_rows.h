// How rows of the settings' table are written. Only the files that hold rows include it.
// Thread-safety: compile-time functions.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include "config/settings.h"

namespace larder {

inline constexpr std::int64_t kKiB = 1024;
inline constexpr std::int64_t kMiB = 1024 * kKiB;
inline constexpr std::int64_t kGiB = 1024 * kMiB;
inline constexpr std::int64_t kMostMemory = 16'384 * kGiB;
inline constexpr std::int64_t kDay = 86'400;
inline constexpr std::int64_t kTenYears = 3650 * kDay;

// The place in a Config, const or not, that a row reads and writes: a row's kField.
#define LARDER_AT(path)       \
  [](auto& config) -> auto& { \
    return config.path;       \
  }

template <auto kField>
using FieldOf = std::remove_cvref_t<decltype(kField(std::declval<Config&>()))>;

// `Unit` is the duration that the key's suffix names, or void for a plain number.
template <typename Unit, auto kField>
constexpr Setting NumberRow(std::string_view key, std::int64_t min, std::int64_t max,
                            std::string_view unit, std::string_view description) {
  Setting setting{key, SettingKind::kInteger, description, nullptr, nullptr, min, max, unit};
  if constexpr (std::is_void_v<Unit>) {
    static_assert(std::is_integral_v<FieldOf<kField>>);
    setting.read = [](const Config& config) -> SettingValue {
      return static_cast<std::int64_t>(kField(config));
    };
    setting.write = [](Config& config, const SettingValue& value) {
      kField(config) = static_cast<FieldOf<kField>>(std::get<std::int64_t>(value));
    };
  } else {
    setting.read = [](const Config& config) -> SettingValue {
      return std::int64_t{std::chrono::duration_cast<Unit>(kField(config)).count()};
    };
    setting.write = [](Config& config, const SettingValue& value) {
      kField(config) = Unit{std::get<std::int64_t>(value)};
    };
  }
  return setting;
}

template <auto kField>
constexpr Setting BytesRow(std::string_view key, std::int64_t min, std::int64_t max,
                           std::string_view description) {
  return NumberRow<void, kField>(key, min, max, "bytes", description);
}

template <auto kField>
constexpr Setting SecondsRow(std::string_view key, std::int64_t min, std::int64_t max,
                             std::string_view description) {
  return NumberRow<std::chrono::seconds, kField>(key, min, max, "seconds", description);
}

template <auto kField>
constexpr Setting MillisecondsRow(std::string_view key, std::int64_t min, std::int64_t max,
                                  std::string_view description) {
  return NumberRow<std::chrono::milliseconds, kField>(key, min, max, "milliseconds", description);
}

// A field whose type is a setting's own: bool, std::string, std::vector<std::string>.
template <auto kField>
constexpr Setting PlainRow(std::string_view key, std::string_view description) {
  using Field = FieldOf<kField>;
  constexpr auto kKind = std::is_same_v<Field, bool>          ? SettingKind::kBoolean
                         : std::is_same_v<Field, std::string> ? SettingKind::kString
                                                              : SettingKind::kStrings;
  return {
      key, kKind, description, [](const Config& config) -> SettingValue { return kField(config); },
      [](Config& config, const SettingValue& value) { kField(config) = std::get<Field>(value); }};
}

// An enum or a bool whose values stand in `kNames` by their number.
template <const auto& kNames, auto kField>
constexpr Setting ChoiceRow(std::string_view key, std::string_view description) {
  Setting setting{key, SettingKind::kChoice, description, nullptr, nullptr};
  setting.choices = kNames;
  setting.read = [](const Config& config) -> SettingValue {
    return std::string(kNames.at(static_cast<std::size_t>(kField(config))));
  };
  setting.write = [](Config& config, const SettingValue& value) {
    const auto found = std::find(kNames.begin(), kNames.end(), std::get<std::string>(value));
    kField(config) = static_cast<FieldOf<kField>>(found - kNames.begin());
  };
  return setting;
}

// The rows of each group of tables, in the order of Settings().
std::span<const Setting> ServerSettings();    // without table, [server]
std::span<const Setting> UpstreamSettings();  // [upstream]
std::span<const Setting> CacheSettings();     // [cache] and its tables
std::span<const Setting> SearchSettings();    // [search]
std::span<const Setting> OwnSettings();       // [admin], [log]

}  // namespace larder
