#include "config/load_state.h"
#include "config/read_file.h"
#include "config/text_checks.h"
#include "config/toml_text.h"

namespace larder {
namespace {

constexpr std::size_t kMaxCaFileBytes = 64U << 20;

// Where an upstream's settings are: "upstream" or "upstreams[1]", and what messages call that.
struct UpstreamPlace {
  std::string key;
  std::string shown;
};

// `name` of the setting: "ca_file".
void CheckCaFile(LoadState& state, const std::string& path, const UpstreamPlace& at,
                 const std::string& name) {
  const std::string key = at.key + "." + name;
  // [upstream]'s has been read.
  if (path.empty() || state.loaded.origins.find(key)->second.starts_with("as ")) return;
  if (const auto text = ReadSmallFile(path, kMaxCaFileBytes); !text.ok()) {
    state.ProblemWith(key, at.shown + "." + name + " names " + ShowText(path) +
                               ", which cannot be read: " + text.error().message);
  }
}

void ReadAdminToken(LoadState& state) {
  const std::string key = "admin.token_file";
  Config& config = state.loaded.config;
  const std::string& path = config.admin_token_file;
  if (path.empty() || !config.admin.token.empty()) return;
  const auto text = ReadSmallFile(path, kMaxSecretFileBytes);
  if (!text.ok()) {
    state.ProblemWith(
        key, key + " names " + ShowText(path) + ", which cannot be read: " + text.error().message);
    return;
  }
  auto token = NormaliseToken(FirstLine(*text));
  if (!token.ok()) {
    state.ProblemWith(
        key, key + " names " + ShowText(path) + ", whose content " + token.error().message);
    return;
  }
  config.admin.token = std::move(token).value();
  state.loaded.origins["admin.token"] = key + " " + path;
}

}  // namespace

std::string_view FirstLine(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

void ReadNamed(LoadState& state) {
  Config& config = state.loaded.config;
  const auto read = [&](UpstreamOptions& upstream, const UpstreamPlace& at) {
    CheckCaFile(state, upstream.http.ca_file, at, "ca_file");
    CheckCaFile(state, upstream.oauth.ca_file, at, "oauth_ca_file");
    ReadCredentials(state, upstream, at.key, at.shown);
  };
  read(config.upstream, {"upstream", "upstream"});
  for (std::size_t i = 0; i < config.upstreams.size(); ++i) {
    read(config.upstreams[i], {ElementKey(*FindTable("upstreams"), i), "upstreams"});
  }
  ReadAdminToken(state);
}

}  // namespace larder
