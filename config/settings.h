// Settings: the one table of everything that can be set. It drives parsing, print-config and
// config/larder.toml; a setting exists when it has a row here. What can be set of each element of
// an array of tables ([[upstreams]]) has its rows in a TableSetting.
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
  // As read and write; `element` says which one, of a TableSetting's row, and is 0 else.
  SettingValue (*get)(const Config&, std::size_t element);
  void (*set)(Config&, std::size_t element, const SettingValue&);

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
  bool decimal = false;               // of kString: a number, in the file with quotes or without
  bool live = false;                  // takes effect when the configuration is read again

  // Of a TableSetting's row. What an element has that does not give it: nothing else than a value
  // of its own, the value of the setting `inherits`, or its type's default.
  bool required = false;
  std::string_view inherits = {};
  std::string_view example = {};  // in larder.toml, as TOML; empty: what an element has

  constexpr Setting Normalised(Result<std::string> (*by)(std::string_view)) const {
    Setting copy = *this;
    copy.normalise = by;
    return copy;
  }
  constexpr Setting SetBy(void (*by)(Config&, std::size_t, const SettingValue&)) const {
    Setting copy = *this;
    copy.set = by;
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
  constexpr Setting Decimal() const {
    Setting copy = *this;
    copy.decimal = true;
    return copy;
  }
  constexpr Setting Secret() const {
    Setting copy = *this;
    copy.secret = true;
    return copy;
  }
  constexpr Setting Live() const {
    Setting copy = *this;
    copy.live = true;
    return copy;
  }
  constexpr Setting Required() const {
    Setting copy = *this;
    copy.required = true;
    return copy;
  }
  constexpr Setting Inheriting(std::string_view from) const {
    Setting copy = *this;
    copy.inherits = from;
    return copy;
  }
  constexpr Setting Example(std::string_view toml) const {
    Setting copy = *this;
    copy.example = toml;
    return copy;
  }

  // Precondition of both, of a TableSetting's row: there is such an element.
  SettingValue read(const Config& config, std::size_t element = 0) const {
    return get(config, element);
  }
  // Precondition: CheckSetting accepted the value, which is of `kind`.
  void write(Config& config, const SettingValue& value, std::size_t element = 0) const {
    set(config, element, value);
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

// An array of tables. Only the file fills it.
struct TableSetting {
  std::string_view key;    // "upstreams", which [[upstreams]] opens
  std::string_view after;  // the table of Settings() behind which it stands in a file
  std::string_view description;
  std::size_t most;               // elements
  std::span<const Setting> rows;  // of each element: "upstreams.name", ...
  std::size_t (*size)(const Config&);
  void (*add)(Config&);                            // appends a default-constructed element
  void (*assign)(Config& to, const Config& from);  // copies all elements
  bool live = false;                               // as Setting::live

  // nullptr when there is none of this name ("url").
  const Setting* Find(std::string_view name) const;
  // Appends an element that gives nothing: with what its rows inherit from `config`.
  void Append(Config& config) const;
};

std::span<const TableSetting> TableSettings();
// nullptr when there is none of this key.
const TableSetting* FindTable(std::string_view key);
// "upstreams[1]", with a name "upstreams[1].url": what one element, or a row's value in it, is
// called among places and origins.
std::string ElementKey(const TableSetting& table, std::size_t element, std::string_view name = {});

}  // namespace larder
