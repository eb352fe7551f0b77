// Settings: the one table of everything that can be set. It drives parsing, print-config and
// config/larder.toml; a setting exists when it has a row here.
//
// A default is what a default-constructed Config holds: `read(Config{})`.
// Thread-safety: immutable; pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace larder {

enum class SettingKind {
  kInteger,  // a whole number in [min, max]
  kBoolean,
  kString,
  kChoice,   // a string, one of `choices`
  kStrings,  // an array of strings; comma-separated in the environment and in flags
};

using SettingValue = std::variant<std::int64_t, bool, std::string, std::vector<std::string>>;

struct Setting {
  std::string_view key;  // as in TOML, dotted: "server.listen"
  SettingKind kind;
  std::string_view description;  // sentences without line breaks
  SettingValue (*read)(const Config&);
  // Precondition: CheckSetting accepted the value, which is of `kind`.
  void (*write)(Config&, const SettingValue&);

  std::int64_t min = 0;  // of kInteger, inclusive both
  std::int64_t max = 0;
  std::string_view unit = {};  // of kInteger: "seconds", "bytes", "threads"
  std::span<const std::string_view> choices = {};
  // Of kString, and of each string of kStrings: the string as it is kept. Errors: kInvalidArgument,
  // whose message goes on where the key ends ("must be ...") and shows no credential.
  Result<std::string> (*normalise)(std::string_view) = nullptr;
  std::string_view environment = {};  // the variable that sets it; empty for none
  std::string_view flag = {};         // the flag that sets it ("--listen"); empty for none
  bool secret = false;                // from the environment alone; never printed

  constexpr Setting Normalised(Result<std::string> (*by)(std::string_view)) const {
    Setting copy = *this;
    copy.normalise = by;
    return copy;
  }
  constexpr Setting WrittenBy(void (*by)(Config&, const SettingValue&)) const {
    Setting copy = *this;
    copy.write = by;
    return copy;
  }
  constexpr Setting Environment(std::string_view name) const {
    Setting copy = *this;
    copy.environment = name;
    return copy;
  }
  constexpr Setting Flag(std::string_view name) const {
    Setting copy = *this;
    copy.flag = name;
    return copy;
  }
  constexpr Setting Secret() const {
    Setting copy = *this;
    copy.secret = true;
    return copy;
  }

  // "server" of "server.listen", "cache.store" of "cache.store.min_free_bytes"; empty at top level.
  constexpr std::string_view table() const {
    const std::size_t dot = key.rfind('.');
    return dot == std::string_view::npos ? std::string_view{} : key.substr(0, dot);
  }
  // The key inside its table: "listen".
  constexpr std::string_view name() const {
    return key.substr(table().empty() ? 0 : table().size() + 1);
  }
};

// Every setting, a table's settings side by side and those without a table first.
std::span<const Setting> Settings();
// nullptr when there is none of this key.
const Setting* FindSetting(std::string_view key);

}  // namespace larder
