#include <algorithm>

#include "config/load_state.h"
#include "config/read_file.h"
#include "config/setting_check.h"
#include "config/suggestion.h"
#include "config/toml_file.h"
#include "config/toml_text.h"

namespace larder {
namespace {

constexpr std::size_t kMaxConfigBytes = 1U << 20;

class FileReader {
 public:
  FileReader(LoadState& state, std::string path) : state_(state), path_(std::move(path)) {}

  void Read(const std::string& text) {
    const TomlFile file = ParseToml(text);
    if (file.mistake) state_.Problem(Place(file.mistake->at), file.mistake->message);
    for (const TomlNode& node : file.nodes) {
      if (!IsSkipped(node)) ApplyNode(node);
    }
  }

 private:
  std::string Place(const TomlPlace& at) const {
    return path_ + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
  }
  std::string Origin(const TomlPlace& at) const {
    return "file " + path_ + ":" + std::to_string(at.line);
  }

  bool IsSkipped(const TomlNode& node) const {
    return std::any_of(skipped_.begin(), skipped_.end(),
                       [&](const std::string& prefix) { return node.key.starts_with(prefix); });
  }
  // The node is answered for as a whole: nothing is said of what stands in it.
  void SkipInside(const TomlNode& node) {
    if (node.is_table) skipped_.push_back(node.key + ".");
    if (node.is_array_of_tables) skipped_.push_back(node.key + "[");
  }

  void ApplyNode(const TomlNode& node) {
    if (const TableSetting* table = FindTable(node.array)) {
      node.inside.empty() ? OpenElement(*table, node) : ApplyInElement(*table, node);
    } else if (const Setting* setting = FindSetting(node.key)) {
      state_.Apply(*setting, ValueOf(*setting, node), SourceOf(*setting, node));
    } else if (const TableSetting* array = FindTable(node.key)) {
      CheckIsArray(*array, node);
    } else if (!IsSettingTable(node.key)) {
      Unknown(node, node.key);
    } else if (!node.is_table) {
      SkipInside(node);
      state_.Problem(Place(node.value_at), node.key + " must be a table: [" + node.key + "]");
    }
  }

  Result<SettingValue> ValueOf(const Setting& setting, const TomlNode& node) {
    SkipInside(node);
    if (setting.secret) return MisplacedSecret(setting);
    if (setting.decimal && !node.decimal.empty()) return CheckSetting(setting, node.decimal);
    if (!node.value) return WrongType(setting, node.kind);
    if (const auto* whole = std::get_if<std::int64_t>(&*node.value); whole && setting.decimal) {
      return CheckSetting(setting, std::to_string(*whole));
    }
    return CheckSetting(setting, *node.value);
  }
  ValueSource SourceOf(const Setting& setting, const TomlNode& node) const {
    return {Place(setting.secret ? node.key_at : node.value_at), Origin(node.value_at)};
  }

  // `key` as the user knows it: what stands in an element has no number.
  void Unknown(const TomlNode& node, const std::string& key) {
    SkipInside(node);
    state_.Problem(Place(node.key_at), node.is_table || node.is_array_of_tables
                                           ? UnknownTable(key)
                                           : UnknownSetting(key));
  }

  void CheckIsArray(const TableSetting& table, const TomlNode& node) {
    // An empty array does not show what it is an array of.
    const auto* items = node.value ? std::get_if<std::vector<std::string>>(&*node.value) : nullptr;
    if (node.is_array_of_tables || (items != nullptr && items->empty())) return;
    SkipInside(node);
    state_.Problem(
        Place(node.value_at),
        std::string(table.key) + " must be an array of tables: [[" + std::string(table.key) + "]]");
  }

  void OpenElement(const TableSetting& table, const TomlNode& node) {
    if (node.element >= table.most) {
      SkipInside(node);
      if (node.element > table.most) return;
      state_.Problem(Place(node.value_at), std::string(table.key) + " must hold at most " +
                                               std::to_string(table.most) +
                                               " tables; this is one more");
      return;
    }
    state_.elements.push_back(
        {&table, node.element, {Place(node.value_at), Origin(node.value_at)}});
  }

  void ApplyInElement(const TableSetting& table, const TomlNode& node) {
    const Setting* row = table.Find(node.inside);
    if (row == nullptr) {
      Unknown(node, std::string(table.key) + "." + node.inside);
      return;
    }
    // Arrays of tables may stand between each other's elements.
    const auto element = std::find_if(
        state_.elements.begin(), state_.elements.end(),
        [&](const GivenElement& e) { return e.table == &table && e.element == node.element; });
    element->names.insert(row->name());
    const ValueSource source = SourceOf(*row, node);
    const auto value = ValueOf(*row, node);
    if (value.ok()) {
      element->values.push_back({row, *value, source});
    } else {
      state_.failed.insert(ElementKey(table, node.element, row->name()));
      state_.Problem(source.place, value.error().message);
    }
  }

  LoadState& state_;
  const std::string path_;
  std::vector<std::string> skipped_;  // prefixes of keys
};

}  // namespace

void ApplyFile(LoadState& state) {
  const auto& flag = state.inputs.file;
  const auto variable = flag ? std::nullopt : state.Variable("LARDER_CONFIG");
  if (!flag && !variable) return;
  const std::string& path = flag ? *flag : *variable;
  const auto text = ReadSmallFile(path, kMaxConfigBytes);
  if (!text.ok()) {
    state.Problem(flag ? "flag --config" : "environment LARDER_CONFIG",
                  "cannot read " + ShowText(path) + ": " + text.error().message);
    return;
  }
  state.loaded.file = path;
  FileReader(state, path).Read(*text);
}

}  // namespace larder
