// A LoadConfig with its sources made up: a file in a directory of its own, an environment, flags.
// The file is "larder.toml" in what the result tells, wherever it really is.
#pragma once

#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/load.h"
#include "config/settings.h"
#include "tests/support/temp_dir.h"

namespace larder {

class Loading {
 public:
  Loading& File(const std::string& text) {
    inputs_.file = Write("larder.toml", text);
    return *this;
  }
  Loading& Environment(const std::string& name, const std::string& value) {
    environment_[name] = value;
    return *this;
  }
  Loading& Flag(const std::string& key, const std::string& value) {
    inputs_.flags.emplace_back(key, value);
    return *this;
  }
  LoadInputs& inputs() { return inputs_; }

  // Makes a file beside the config file; returns its path.
  std::string Write(const std::string& name, const std::string& content) {
    std::ofstream(Path(name), std::ios::binary) << content;
    return Path(name);
  }
  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }

  LoadResult Load() {
    inputs_.getenv = [this](std::string_view name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      if (found == environment_.end()) return std::nullopt;
      return found->second;
    };
    LoadResult result = LoadConfig(inputs_);
    for (std::string& problem : result.problems) problem = Shortened(problem);
    if (result.loaded) {
      for (auto& [key, origin] : result.loaded->origins) origin = Shortened(origin);
    }
    return result;
  }

 private:
  std::string Shortened(std::string text) const {
    const std::string prefix = directory_.path() + "/";
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

  TempDir directory_;
  std::map<std::string, std::string, std::less<>> environment_;
  LoadInputs inputs_;
};

// A file that sets one key: `value` as it stands in TOML.
inline std::string TomlLine(std::string_view key, const std::string& value) {
  return std::string(key) + " = " + value + "\n";
}

// The values of all settings by key, secrets included.
inline std::map<std::string, SettingValue> ValuesOf(const Config& config) {
  std::map<std::string, SettingValue> values;
  for (const Setting& setting : Settings()) {
    values[std::string(setting.key)] = setting.read(config);
  }
  return values;
}

}  // namespace larder
