#include "config/load.h"

#include <algorithm>
#include <set>

#include "config/read_file.h"
#include "config/setting_check.h"
#include "config/suggestion.h"
#include "config/text_checks.h"
#include "config/toml_file.h"
#include "config/toml_text.h"
#include "proxy/admin/access.h"

namespace larder {
namespace {

constexpr std::size_t kMaxConfigBytes = 1U << 20;
constexpr std::size_t kMaxTokenFileBytes = 64U << 10;
constexpr std::size_t kMaxCaFileBytes = 64U << 20;

constexpr std::string_view kOpenAi = "https://api.openai.com/v1";

class Loader {
 public:
  explicit Loader(const LoadInputs& inputs) : inputs_(inputs) {}

  LoadResult Load() {
    ApplyDefaults();
    ApplyFile();
    ApplyEnvironment();
    ApplyFlags();
    CheckCaFile();
    ReadTokenFile();
    CheckExposure();
    LoadResult result;
    result.problems = std::move(problems_);
    if (result.problems.empty()) result.loaded = std::move(loaded_);
    return result;
  }

 private:
  // What a source says of itself: in a problem's line, and beside an effective value.
  struct Source {
    std::string place;
    std::string origin;
  };

  std::optional<std::string> Variable(std::string_view name) const {
    auto value = inputs_.getenv ? inputs_.getenv(name) : std::nullopt;
    if (value && value->empty()) return std::nullopt;
    return value;
  }

  void Problem(const std::string& place, const std::string& sentence) {
    problems_.push_back(place + ": " + sentence);
  }

  const std::string& PlaceOf(std::string_view key) const { return places_.find(key)->second; }

  void Apply(const Setting& setting, const Result<SettingValue>& value, const Source& source) {
    if (!value.ok()) {
      failed_.insert(setting.key);
      Problem(source.place, value.error().message);
      return;
    }
    setting.write(loaded_.config, *value);
    loaded_.origins[std::string(setting.key)] = source.origin;
    places_[setting.key] = source.place;
  }

  void ApplyDefaults() {
    const Config defaults;
    for (const Setting& setting : Settings()) {
      Apply(setting, setting.read(defaults), {"default", "default"});
    }
    if (Variable("OPENAI_API_KEY")) {
      loaded_.config.upstream = kOpenAi;
      loaded_.origins["upstream.url"] = "default, as OPENAI_API_KEY is set";
    }
  }

  void ApplyFile();
  void ApplyNode(const std::string& path, const TomlNode& node, std::vector<std::string>& skipped);

  void ApplyEnvironment() {
    for (const Setting& setting : Settings()) {
      if (setting.environment.empty()) continue;
      const auto value = Variable(setting.environment);
      if (!value) continue;
      const std::string name = "environment " + std::string(setting.environment);
      Apply(setting, ParseSetting(setting, *value), {name, name});
    }
  }

  void ApplyFlags() {
    for (const auto& [key, value] : inputs_.flags) {
      const Setting* setting = FindSetting(key);
      if (setting == nullptr) {
        Problem("flag --" + key, UnknownSetting(key));
        continue;
      }
      const std::string name =
          "flag " + (setting->flag.empty() ? "--" + key : std::string(setting->flag));
      if (setting->secret) {
        Apply(*setting, MisplacedSecret(*setting), {name, name});
      } else {
        Apply(*setting, ParseSetting(*setting, value), {name, name});
      }
    }
  }

  void CheckCaFile() {
    const std::string& path = loaded_.config.http.ca_file;
    if (!path.empty()) ReadNamedFile("upstream.ca_file", path, kMaxCaFileBytes);
  }

  void ReadTokenFile();
  void CheckExposure();
  std::optional<std::string> ReadNamedFile(std::string_view key, const std::string& path,
                                           std::size_t max_bytes);

  const LoadInputs& inputs_;
  LoadedConfig loaded_;
  std::vector<std::string> problems_;
  std::map<std::string_view, std::string> places_;  // by key; of the effective value
  std::set<std::string_view> failed_;               // keys that some source set wrongly
};

void Loader::ApplyFile() {
  const auto variable = inputs_.file ? std::nullopt : Variable("LARDER_CONFIG");
  if (!inputs_.file && !variable) return;
  const std::string& path = inputs_.file ? *inputs_.file : *variable;
  const auto text = ReadSmallFile(path, kMaxConfigBytes);
  if (!text.ok()) {
    Problem(inputs_.file ? "flag --config" : "environment LARDER_CONFIG",
            "cannot read " + ShowText(path) + ": " + text.error().message);
    return;
  }
  loaded_.file = path;
  const TomlFile file = ParseToml(*text);
  if (file.mistake) {
    Problem(path + ":" + std::to_string(file.mistake->at.line) + ":" +
                std::to_string(file.mistake->at.column),
            file.mistake->message);
  }
  std::vector<std::string> skipped;
  for (const TomlNode& node : file.nodes) ApplyNode(path, node, skipped);
}

// `skipped`: prefixes of keys inside what has been answered for as a whole.
void Loader::ApplyNode(const std::string& path, const TomlNode& node,
                       std::vector<std::string>& skipped) {
  const auto place = [&](const TomlPlace& at) {
    return path + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
  };
  if (std::any_of(skipped.begin(), skipped.end(),
                  [&](const std::string& prefix) { return node.key.starts_with(prefix); })) {
    return;
  }
  if (const Setting* setting = FindSetting(node.key)) {
    const Source source{place(node.value_at),
                        "file " + path + ":" + std::to_string(node.value_at.line)};
    if (node.is_table) skipped.push_back(node.key + ".");
    if (setting->secret) {
      Apply(*setting, MisplacedSecret(*setting), {place(node.key_at), source.origin});
    } else if (!node.value) {
      Apply(*setting, WrongType(*setting, node.kind), source);
    } else {
      Apply(*setting, CheckSetting(*setting, *node.value), source);
    }
    return;
  }
  if (IsSettingTable(node.key)) {
    if (!node.is_table) {
      Problem(place(node.value_at), node.key + " must be a table: [" + node.key + "]");
    }
    return;
  }
  if (node.is_table) skipped.push_back(node.key + ".");
  Problem(place(node.key_at), node.is_table ? UnknownTable(node.key) : UnknownSetting(node.key));
}

std::optional<std::string> Loader::ReadNamedFile(std::string_view key, const std::string& path,
                                                 std::size_t max_bytes) {
  auto text = ReadSmallFile(path, max_bytes);
  if (text.ok()) return std::move(text).value();
  failed_.insert(key);
  Problem(PlaceOf(key), std::string(key) + " names " + ShowText(path) +
                            ", which cannot be read: " + text.error().message);
  return std::nullopt;
}

void Loader::ReadTokenFile() {
  constexpr std::string_view kKey = "admin.token_file";
  const std::string& path = loaded_.config.admin_token_file;
  if (path.empty() || !loaded_.config.admin.token.empty()) return;
  auto text = ReadNamedFile(kKey, path, kMaxTokenFileBytes);
  if (!text) return;
  // Editors and `openssl rand` end the line.
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  auto token = NormaliseToken(*text);
  if (!token.ok()) {
    failed_.insert(kKey);
    Problem(PlaceOf(kKey), std::string(kKey) + " names " + ShowText(path) + ", whose content " +
                               token.error().message);
    return;
  }
  loaded_.config.admin.token = std::move(token).value();
  loaded_.origins["admin.token"] = "admin.token_file " + path;
}

void Loader::CheckExposure() {
  // A source that failed has a line of its own.
  for (const std::string_view key : {"server.listen", "admin.token", "admin.token_file"}) {
    if (failed_.contains(key)) return;
  }
  if (IsLoopback(loaded_.config.front.host) || !loaded_.config.admin.token.empty()) return;
  Problem(PlaceOf("server.listen"),
          "server.listen is " + ShowText(loaded_.config.listen) +
              ", which other machines may reach, so an admin token is needed: set "
              "LARDER_ADMIN_TOKEN, or name a file that holds one with admin.token_file");
}

}  // namespace

LoadResult LoadConfig(const LoadInputs& inputs) {
  return Loader(inputs).Load();
}

}  // namespace larder
