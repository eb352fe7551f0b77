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
#define LARDER_AT(path)                    \
  [](auto& config, std::size_t) -> auto& { \
    return config.path;                    \
  }
// The same in an element of `list`.
#define LARDER_IN(list, path)                      \
  [](auto& config, std::size_t element) -> auto& { \
    return config.list[element].path;              \
  }
// The same in what `of`, itself such a place, refers to.
#define LARDER_WITHIN(of, path)                    \
  [](auto& config, std::size_t element) -> auto& { \
    return of(config, element).path;               \
  }

template <auto kField>
using FieldOf = std::remove_cvref_t<decltype(kField(std::declval<Config&>(), 0))>;

// `Unit` is the duration that the key's suffix names, or void for a plain number.
template <typename Unit, auto kField>
constexpr Setting NumberRow(std::string_view key, std::int64_t min, std::int64_t max,
                            std::string_view unit, std::string_view description) {
  Setting setting{key, SettingKind::kInteger, description, nullptr, nullptr, min, max, unit};
  if constexpr (std::is_void_v<Unit>) {
    static_assert(std::is_integral_v<FieldOf<kField>>);
    setting.get = [](const Config& config, std::size_t element) -> SettingValue {
      return static_cast<std::int64_t>(kField(config, element));
    };
    setting.set = [](Config& config, std::size_t element, const SettingValue& value) {
      kField(config, element) = static_cast<FieldOf<kField>>(std::get<std::int64_t>(value));
    };
  } else {
    setting.get = [](const Config& config, std::size_t element) -> SettingValue {
      return std::int64_t{std::chrono::duration_cast<Unit>(kField(config, element)).count()};
    };
    setting.set = [](Config& config, std::size_t element, const SettingValue& value) {
      kField(config, element) = Unit{std::get<std::int64_t>(value)};
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
  return {key, kKind, description,
          [](const Config& config, std::size_t element) -> SettingValue {
            return kField(config, element);
          },
          [](Config& config, std::size_t element, const SettingValue& value) {
            kField(config, element) = std::get<Field>(value);
          }};
}

// An enum or a bool whose values stand in `kNames` by their number.
template <const auto& kNames, auto kField>
constexpr Setting ChoiceRow(std::string_view key, std::string_view description) {
  Setting setting{key, SettingKind::kChoice, description, nullptr, nullptr};
  setting.choices = kNames;
  setting.get = [](const Config& config, std::size_t element) -> SettingValue {
    return std::string(kNames.at(static_cast<std::size_t>(kField(config, element))));
  };
  setting.set = [](Config& config, std::size_t element, const SettingValue& value) {
    const auto found = std::find(kNames.begin(), kNames.end(), std::get<std::string>(value));
    kField(config, element) = static_cast<FieldOf<kField>>(found - kNames.begin());
  };
  return setting;
}

// Rows of several arrays, in order.
template <std::size_t... kSizes>
constexpr auto JoinRows(const std::array<Setting, kSizes>&... parts) {
  std::array<Setting, (kSizes + ...)> all{};
  auto next = all.begin();
  ((next = std::copy(parts.begin(), parts.end(), next)), ...);
  return all;
}

// A key of two parts that is put together when it is compiled.
template <std::size_t kSize>
struct KeyPart {
  // NOLINTNEXTLINE(google-explicit-constructor)
  consteval KeyPart(const char (&literal)[kSize]) { std::copy_n(literal, kSize, text); }
  char text[kSize];
};
template <KeyPart kTable, KeyPart kName>
struct JoinedKey {
  static constexpr auto kText = [] {
    std::array<char, sizeof(kTable.text) + sizeof(kName.text)> text{};
    const auto dot = std::copy_n(kTable.text, sizeof(kTable.text) - 1, text.begin());
    *dot = '.';
    std::copy_n(kName.text, sizeof(kName.text), dot + 1);
    return text;
  }();
  static constexpr std::string_view kView{kText.data(), kText.size() - 1};
};
// "upstream.url" of "upstream" and "url".
template <KeyPart kTable, KeyPart kName>
inline constexpr std::string_view kKey = JoinedKey<kTable, kName>::kView;

// The rows of each group of tables, in the order of Settings().
std::span<const Setting> ServerSettings();       // without table, [server]
std::span<const Setting> UpstreamSettings();     // [upstream]
std::span<const Setting> CacheSettings();        // [cache] and its tables
std::span<const Setting> SearchSettings();       // [search]
std::span<const Setting> CollectionsSettings();  // [collections]
std::span<const Setting> MaintenanceSettings();  // [maintenance]
std::span<const Setting> EncryptionSettings();   // [encryption]
std::span<const Setting> AdminSettings();        // [admin]
std::span<const Setting> OwnSettings();          // [log]
std::span<const Setting> AccessSettings();       // [access]
std::span<const Setting> TelemetrySettings();    // [telemetry]
std::span<const Setting> UpstreamRows();         // of each of [[upstreams]]
std::span<const Setting> LifetimeRows();         // of each of [[cache.lifetimes]]
std::span<const Setting> PriceRows();            // of each of [[prices]]
std::span<const Setting> KeyRows();              // of each of [[keys]]
std::span<const Setting> LimitRows();            // of each of [[limits]]

}  // namespace larder
