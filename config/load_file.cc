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
  ValueSource SourceOf(const TomlNode& node) const {
    return {Place(node.value_at), "file " + path_ + ":" + std::to_string(node.value_at.line)};
  }

  bool IsSkipped(const TomlNode& node) const {
    return std::any_of(skipped_.begin(), skipped_.end(),
                       [&](const std::string& prefix) { return node.key.starts_with(prefix); });
  }
  // The node is answered for as a whole: nothing is said of what stands in it.
  void SkipInside(const TomlNode& node) {
    if (node.is_table) skipped_.push_back(node.key + ".");
  }

  void ApplyNode(const TomlNode& node) {
    if (const Setting* setting = FindSetting(node.key)) {
      SkipInside(node);
      if (setting->secret) {
        state_.Apply(*setting, MisplacedSecret(*setting), {Place(node.key_at), {}});
      } else if (!node.value) {
        state_.Apply(*setting, WrongType(*setting, node.kind), SourceOf(node));
      } else {
        state_.Apply(*setting, CheckSetting(*setting, *node.value), SourceOf(node));
      }
      return;
    }
    if (IsSettingTable(node.key)) {
      if (!node.is_table) {
        state_.Problem(Place(node.value_at), node.key + " must be a table: [" + node.key + "]");
      }
      return;
    }
    SkipInside(node);
    state_.Problem(Place(node.key_at),
                   node.is_table ? UnknownTable(node.key) : UnknownSetting(node.key));
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
