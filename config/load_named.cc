#include "config/load_state.h"
#include "config/read_file.h"
#include "config/text_checks.h"
#include "config/toml_text.h"

namespace larder {
namespace {

constexpr std::size_t kMaxSecretFileBytes = 64U << 10;
constexpr std::size_t kMaxCaFileBytes = 64U << 20;

// Without the line end that editors and `openssl rand` leave.
std::string_view FirstLine(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// Where an upstream's settings are: "upstream" or "upstreams[1]", and what messages call that.
struct UpstreamPlace {
  std::string key;
  std::string shown;
};

void CheckCaFile(LoadState& state, const UpstreamOptions& upstream, const UpstreamPlace& at) {
  const std::string key = at.key + ".ca_file";
  const std::string& path = upstream.http.ca_file;
  // [upstream]'s has been read.
  if (path.empty() || state.loaded.origins.find(key)->second.starts_with("as ")) return;
  if (const auto text = ReadSmallFile(path, kMaxCaFileBytes); !text.ok()) {
    state.ProblemWith(key, at.shown + ".ca_file names " + ShowText(path) +
                               ", which cannot be read: " + text.error().message);
  }
}

// A file's path is not shown here: somebody may have put the key in its place.
void ReadApiKey(LoadState& state, UpstreamOptions& upstream, const UpstreamPlace& at) {
  const auto problem = [&](std::string_view name, const std::string& sentence) {
    state.ProblemWith(at.key + std::string(name), at.shown + std::string(name) + sentence);
  };
  const auto take = [&](std::string_view text, std::string_view from, const std::string& origin,
                        std::string_view holder) {
    auto key = NormaliseApiKey(text);
    if (!key.ok()) {
      problem(from, std::string(holder) + key.error().message);
      return;
    }
    upstream.api_key = std::move(key).value();
    state.loaded.origins[at.key + ".api_key"] = origin;
  };
  const std::string& variable = upstream.api_key_env;
  const std::string& path = upstream.api_key_file;
  if (!variable.empty() && !path.empty()) {
    problem(".api_key_file",
            " stands beside " + at.shown + ".api_key_env: name one place that holds the key");
  } else if (!variable.empty()) {
    const auto value = state.Variable(variable);
    if (value) {
      take(*value, ".api_key_env", "environment " + variable, " names a variable whose value ");
    } else {
      problem(".api_key_env",
              " names a variable that is not set, or set to nothing; set it to the provider's key");
    }
  } else if (!path.empty()) {
    const auto text = ReadSmallFile(path, kMaxSecretFileBytes);
    if (text.ok()) {
      take(FirstLine(*text), ".api_key_file", at.shown + ".api_key_file " + path,
           " names a file whose content ");
    } else {
      problem(".api_key_file", " names a file that cannot be read: " + text.error().message);
    }
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

void ReadNamed(LoadState& state) {
  Config& config = state.loaded.config;
  const auto read = [&](UpstreamOptions& upstream, const UpstreamPlace& at) {
    CheckCaFile(state, upstream, at);
    ReadApiKey(state, upstream, at);
  };
  read(config.upstream, {"upstream", "upstream"});
  for (std::size_t i = 0; i < config.upstreams.size(); ++i) {
    read(config.upstreams[i], {ElementKey(*FindTable("upstreams"), i), "upstreams"});
  }
  ReadAdminToken(state);
}

}  // namespace larder
