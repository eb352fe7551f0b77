// A TOML file as a flat list of its keys with their places. The one header over toml++, which
// config/toml_file.cc alone includes. Thread-safety: values; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace larder {

// Both count from 1; a column counts characters.
struct TomlPlace {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

struct TomlNode {
  // Dotted, from the top: "server.listen". A part that is no bare key stands in quotes, so that
  // "a.b" in quotes is not a table's key. An element of an array of tables is "upstreams[0]", a key
  // in it "upstreams[0].url".
  std::string key;
  TomlPlace key_at;
  TomlPlace value_at;
  bool is_table = false;
  bool is_array_of_tables = false;  // not empty; its elements follow, each a table
  // Of an element of an array of tables and of what stands in it: the array's key, which element of
  // it, and the key inside the element, empty for itself. Of arrays in arrays, the outermost.
  std::string array = {};
  std::size_t element = 0;
  std::string inside = {};
  // Absent for a table and for what no setting can be: a float, a date, an array of anything but
  // strings.
  std::optional<SettingValue> value;
  std::string decimal = {};  // of a number with a fraction: its digits, "2.5"
  std::string_view kind;     // of what has no value, for a message: "a float", "a table"
};

struct TomlFile {
  std::vector<TomlNode> nodes;  // in the file's order, a table before its keys

  // Set when the text is not TOML; then there are no nodes.
  struct Mistake {
    TomlPlace at;
    std::string message;
  };
  std::optional<Mistake> mistake;
};

TomlFile ParseToml(std::string_view text);

}  // namespace larder
