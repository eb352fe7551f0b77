#include <algorithm>

#include "config/load_state.h"
#include "config/read_file.h"
#include "config/text_checks.h"
#include "config/toml_text.h"
#include "proxy/admin/access.h"

namespace larder {
namespace {

constexpr std::string_view kSecretEnv = "admin.oidc_client_secret_env";
constexpr std::string_view kSecretFile = "admin.oidc_client_secret_file";
constexpr std::size_t kMaxCaFileBytes = 64U << 20;
constexpr std::string_view kCallback = "/dashboard/oidc/callback";

// Takes the secret that was found; a file's path is not shown, for the secret may stand there.
void TakeSecret(LoadState& state, std::string_view key, std::string_view text,
                const std::string& origin) {
  auto secret = NormaliseApiKey(text);
  if (!secret.ok()) {
    state.ProblemWith(key,
                      std::string(key) + " names a place whose content " + secret.error().message);
    return;
  }
  state.loaded.config.admin.oidc.client_secret = std::move(secret).value();
  state.loaded.origins["admin.oidc_client_secret"] = origin;
}

void ReadSecret(LoadState& state) {
  const OidcOptions& oidc = state.loaded.config.admin.oidc;
  if (!oidc.client_secret_env.empty() && !oidc.client_secret_file.empty()) {
    state.ProblemWith(kSecretFile, std::string(kSecretFile) + " stands beside " +
                                       std::string(kSecretEnv) +
                                       ": name one place that holds the secret");
  } else if (!oidc.client_secret_env.empty()) {
    if (const auto value = state.Variable(oidc.client_secret_env)) {
      TakeSecret(state, kSecretEnv, *value, "environment " + oidc.client_secret_env);
    } else {
      state.ProblemWith(kSecretEnv, std::string(kSecretEnv) +
                                        " names a variable that is not set, or set to nothing; set "
                                        "it to the client's secret");
    }
  } else if (!oidc.client_secret_file.empty()) {
    const auto text = ReadSmallFile(oidc.client_secret_file, kMaxSecretFileBytes);
    if (text.ok()) {
      TakeSecret(state, kSecretFile, FirstLine(*text),
                 std::string(kSecretFile) + " " + oidc.client_secret_file);
    } else {
      state.ProblemWith(
          kSecretFile,
          std::string(kSecretFile) + " names a file that cannot be read: " + text.error().message);
    }
  }
}

// "larder.example" of "https://larder.example:8443/dashboard/oidc/callback".
std::string HostOfUrl(std::string_view url) {
  std::string_view host = url.substr(url.find("://") + 3);
  host = host.substr(0, host.find('/'));
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
  return std::string(host.substr(0, host.find(':')));
}

void CheckRedirect(LoadState& state) {
  const Config& config = state.loaded.config;
  const std::string& url = config.admin.oidc.redirect_url;
  const std::string key = "admin.oidc_redirect_url";
  if (!url.ends_with(kCallback)) {
    state.ProblemWith(key, key + " must be this server's address as browsers know it and " +
                               std::string(kCallback) +
                               ", such as https://larder.example.org/dashboard/oidc/callback");
    return;
  }
  const std::string host = HostOfUrl(url);
  const auto& names = config.admin.allowed_hosts;
  const std::string& own = config.admin.listen.empty() ? config.front.host : config.admin.host;
  if (IsLoopback(host) || host == own ||
      std::any_of(names.begin(), names.end(),
                  [&](const std::string& name) { return EqualsIgnoreCase(name, host); }))
    return;
  state.ProblemWith(key, key + " leads to " + ShowText(host) +
                             ", under which browsers may not reach this server; add it to "
                             "admin.allowed_hosts");
}

}  // namespace

void CheckOidc(LoadState& state) {
  ReadSecret(state);
  const OidcOptions& oidc = state.loaded.config.admin.oidc;
  if (!oidc.enabled()) return;
  for (const std::string_view key :
       {"admin.oidc_client_id", "admin.oidc_redirect_url", "admin.oidc_allowed"}) {
    if (state.failed.contains(key)) return;
  }
  const auto missing = [&](std::string_view key, const char* what) {
    state.ProblemWith(key, "admin.oidc_issuer needs " + std::string(key) + ": " + what);
  };
  if (oidc.client_id.empty()) {
    missing("admin.oidc_client_id", "what the provider calls this server");
  }
  if (oidc.allowed.empty()) {
    missing("admin.oidc_allowed", "who may in, such as [\"*@example.org\"]");
  }
  CheckRedirect(state);
  if (oidc.ca_file.empty()) return;
  if (const auto text = ReadSmallFile(oidc.ca_file, kMaxCaFileBytes); !text.ok()) {
    state.ProblemWith("admin.oidc_ca_file", "admin.oidc_ca_file names " + ShowText(oidc.ca_file) +
                                                ", which cannot be read: " + text.error().message);
  }
}

}  // namespace larder
