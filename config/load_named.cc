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

void CheckCaFile(LoadState& state, const UpstreamOptions& upstream, const std::string& table) {
  const std::string key = table + ".ca_file";
  const std::string& path = upstream.http.ca_file;
  if (path.empty()) return;
  if (const auto text = ReadSmallFile(path, kMaxCaFileBytes); !text.ok()) {
    state.ProblemWith(
        key, key + " names " + ShowText(path) + ", which cannot be read: " + text.error().message);
  }
}

// A file's path is not shown here: somebody may have put the key in its place.
void ReadApiKey(LoadState& state, UpstreamOptions& upstream, const std::string& table) {
  const std::string variable_key = table + ".api_key_env";
  const std::string file_key = table + ".api_key_file";
  if (!upstream.api_key_env.empty() && !upstream.api_key_file.empty()) {
    state.ProblemWith(file_key, file_key + " stands beside " + variable_key +
                                    ": name one place that holds the key");
    return;
  }
  if (!upstream.api_key_env.empty()) {
    const auto value = state.Variable(upstream.api_key_env);
    if (!value) {
      state.ProblemWith(variable_key, variable_key +
                                          " names a variable that is not set, or set to nothing; "
                                          "set it to the provider's key");
      return;
    }
    auto key = NormaliseApiKey(*value);
    if (!key.ok()) {
      state.ProblemWith(variable_key,
                        variable_key + " names a variable whose value " + key.error().message);
      return;
    }
    upstream.api_key = std::move(key).value();
    state.loaded.origins[table + ".api_key"] = "environment " + upstream.api_key_env;
  }
  if (!upstream.api_key_file.empty()) {
    const auto text = ReadSmallFile(upstream.api_key_file, kMaxSecretFileBytes);
    if (!text.ok()) {
      state.ProblemWith(file_key,
                        file_key + " names a file that cannot be read: " + text.error().message);
      return;
    }
    auto key = NormaliseApiKey(FirstLine(*text));
    if (!key.ok()) {
      state.ProblemWith(file_key, file_key + " names a file whose content " + key.error().message);
      return;
    }
    upstream.api_key = std::move(key).value();
    state.loaded.origins[table + ".api_key"] = file_key + " " + upstream.api_key_file;
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
  UpstreamOptions& upstream = state.loaded.config.upstream;
  CheckCaFile(state, upstream, "upstream");
  ReadApiKey(state, upstream, "upstream");
  ReadAdminToken(state);
}

}  // namespace larder
