#include "config/toml_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <tuple>
#include <utility>

#include "config/text_checks.h"
#include "config/toml_text.h"

namespace larder {
namespace {

TomlPlace PlaceOf(const toml::source_region& region) {
  return {std::max<std::uint32_t>(region.begin.line, 1),
          std::max<std::uint32_t>(region.begin.column, 1)};
}

bool IsBareKey(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

std::string_view KindName(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return node.is_array_of_tables() ? "an array of tables" : "an array of something else";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
    default:
      return "something else";
  }
}

// As short as it reads back, without exponent.
std::string DecimalOf(double number) {
  std::array<char, 400> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed);
  return {digits.data(), end.ptr};
}

std::optional<SettingValue> ValueOf(const toml::node& node) {
  std::optional<SettingValue> value;
  if (const auto* number = node.as_integer()) value.emplace(number->get());
  if (const auto* flag = node.as_boolean()) value.emplace(flag->get());
  if (const auto* text = node.as_string()) value.emplace(text->get());
  const auto* array = node.as_array();
  if (array == nullptr) return value;
  std::vector<std::string> items;
  for (const toml::node& item : *array) {
    const auto* text = item.as_string();
    if (text == nullptr) return std::nullopt;
    items.push_back(text->get());
  }
  value.emplace(std::move(items));
  return value;
}

class Collector {
 public:
  void Collect(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string_view name = key.str();
      TomlNode flat = Node(prefix + (IsBareKey(name) ? std::string(name) : TomlString(name)), node);
      flat.key_at = PlaceOf(key.source());
      nodes.push_back(flat);
      if (const auto* inner = node.as_table()) Collect(*inner, flat.key + ".");
      if (flat.is_array_of_tables) CollectElements(*node.as_array(), flat);
    }
  }

  std::vector<TomlNode> nodes;

 private:
  TomlNode Node(std::string key, const toml::node& node) const {
    TomlNode flat;
    flat.key = std::move(key);
    flat.value_at = PlaceOf(node.source());
    flat.is_table = node.is_table();
    flat.is_array_of_tables = node.is_array_of_tables();
    flat.value = ValueOf(node);
    if (!flat.value) flat.kind = KindName(node);
    if (const auto* number = node.as_floating_point()) flat.decimal = DecimalOf(number->get());
    if (!array_.empty()) {
      flat.array = array_;
      flat.element = element_;
      flat.inside = flat.key.substr(inside_at_);
    }
    return flat;
  }

  void CollectElements(const toml::array& array, const TomlNode& flat) {
    const bool outermost = array_.empty();
    if (outermost) array_ = flat.key;
    for (std::size_t i = 0; i < array.size(); ++i) {
      const std::string key = flat.key + "[" + std::to_string(i) + "]";
      if (outermost) {
        element_ = i;
        inside_at_ = key.size();
      }
      TomlNode element = Node(key, array[i]);
      // An element has no key of its own; in the order of places it comes behind its array's.
      element.key_at = Later(flat.key_at, element.value_at);
      nodes.push_back(element);
      if (outermost) ++inside_at_;  // the dot
      Collect(*array[i].as_table(), key + ".");
    }
    if (outermost) array_.clear();
  }

  static TomlPlace Later(TomlPlace a, TomlPlace b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column) ? b : a;
  }

  // Inside an element of the outermost array of tables, if any: see TomlNode.
  std::string array_;
  std::size_t element_ = 0;
  std::size_t inside_at_ = 0;  // where TomlNode::inside begins in a key
};

// toml++'s description as one line that shows no value: of a number it cannot hold it quotes the
// digits, which may be a credential that lacks its quotes.
std::string Describe(std::string_view description) {
  const std::size_t opened = description.find(": '");
  const std::size_t closed = description.rfind('\'');
  std::string out(description);
  if (opened != std::string_view::npos && closed > opened + 2) {
    out = std::string(description.substr(0, opened)) + ": the number" +
          std::string(description.substr(closed + 1));
  }
  return IsPlainText(out) ? out : ShowText(out);
}

TomlFile MistakeAt(TomlPlace at, std::string message) {
  TomlFile file;
  file.mistake = TomlFile::Mistake{at, std::move(message)};
  return file;
}

}  // namespace

TomlFile ParseToml(std::string_view text) {
  try {
    TomlFile file;
    Collector collector;
    collector.Collect(toml::parse(text), "");
    file.nodes = std::move(collector.nodes);
    std::stable_sort(file.nodes.begin(), file.nodes.end(), [](const auto& a, const auto& b) {
      return std::tie(a.key_at.line, a.key_at.column) < std::tie(b.key_at.line, b.key_at.column);
    });
    return file;
  } catch (const toml::parse_error& error) {
    return MistakeAt(PlaceOf(error.source()), Describe(error.description()));
  } catch (const std::exception& error) {
    return MistakeAt({}, error.what());
  }
}

}  // namespace larder
