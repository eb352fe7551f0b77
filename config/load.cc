#include "config/load.h"

#include "config/load_state.h"
#include "config/setting_check.h"
#include "config/suggestion.h"
#include "config/toml_text.h"
#include "proxy/admin/access.h"

namespace larder {
namespace {

constexpr std::string_view kOpenAi = "https://api.openai.com/v1";

void ApplyDefaults(LoadState& state) {
  const Config defaults;
  for (const Setting& setting : Settings()) {
    state.Apply(setting, setting.read(defaults), {"default", "default"});
  }
  if (state.Variable("OPENAI_API_KEY")) {
    state.loaded.config.upstream.url = kOpenAi;
    state.loaded.origins["upstream.url"] = "default, as OPENAI_API_KEY is set";
  }
}

void ApplyEnvironment(LoadState& state) {
  for (const Setting& setting : Settings()) {
    if (setting.environment.empty()) continue;
    const auto value = state.Variable(setting.environment);
    if (!value) continue;
    const std::string name = "environment " + std::string(setting.environment);
    state.Apply(setting, ParseSetting(setting, *value), {name, name});
  }
}

void ApplyFlags(LoadState& state) {
  for (const auto& [key, value] : state.inputs.flags) {
    const Setting* setting = FindSetting(key);
    if (setting == nullptr) {
      state.Problem("flag --" + key, UnknownSetting(key));
      continue;
    }
    const std::string name =
        "flag " + (setting->flag.empty() ? "--" + key : std::string(setting->flag));
    if (setting->secret) {
      state.Apply(*setting, MisplacedSecret(*setting), {name, name});
    } else {
      state.Apply(*setting, ParseSetting(*setting, value), {name, name});
    }
  }
}

void CheckExposure(LoadState& state) {
  // A source that failed has a line of its own.
  for (const std::string_view key :
       {"server.listen", "admin.listen", "admin.token", "admin.token_file"}) {
    if (state.failed.contains(key)) return;
  }
  const Config& config = state.loaded.config;
  if (!config.admin.token.empty()) return;
  const auto tell = [&](std::string_view key, const std::string& address) {
    state.ProblemWith(key, std::string(key) + " is " + ShowText(address) +
                               ", which other machines may reach, so an admin token is needed: set "
                               "LARDER_ADMIN_TOKEN, or name a file that holds one with "
                               "admin.token_file");
  };
  if (!IsLoopback(config.front.host)) tell("server.listen", config.listen);
  if (!config.admin.listen.empty() && !IsLoopback(config.admin.host)) {
    tell("admin.listen", config.admin.listen);
  }
}

// A certificate without its key, or a key alone, would leave the address in plain HTTP unnoticed.
void CheckTls(LoadState& state) {
  const TlsOptions& tls = state.loaded.config.front.tls;
  if (tls.certificate_file.empty() == tls.key_file.empty()) return;
  const bool lacks_key = tls.key_file.empty();
  state.ProblemWith(lacks_key ? "server.tls_certificate_file" : "server.tls_key_file",
                    std::string("HTTPS needs a certificate and its key: set ") +
                        (lacks_key ? "server.tls_key_file" : "server.tls_certificate_file") +
                        " too");
}

}  // namespace

std::optional<std::string> LoadState::Variable(std::string_view name) const {
  auto value = inputs.getenv ? inputs.getenv(name) : std::nullopt;
  if (value && value->empty()) return std::nullopt;
  return value;
}

void LoadState::Problem(const std::string& place, const std::string& sentence) {
  problems.push_back(place + ": " + sentence);
}

void LoadState::ProblemWith(std::string_view key, const std::string& sentence) {
  failed.emplace(key);
  Problem(places.find(key)->second, sentence);
}

void LoadState::Apply(const Setting& setting, const Result<SettingValue>& value,
                      const ValueSource& source) {
  if (!value.ok()) {
    failed.emplace(setting.key);
    Problem(source.place, value.error().message);
    return;
  }
  setting.write(loaded.config, *value);
  loaded.origins[std::string(setting.key)] = source.origin;
  places[std::string(setting.key)] = source.place;
}

LoadResult LoadConfig(const LoadInputs& inputs) {
  LoadState state{inputs};
  ApplyDefaults(state);
  ApplyFile(state);
  ApplyEnvironment(state);
  ApplyFlags(state);
  ApplyElements(state);
  CheckUpstreams(state);
  ReadNamed(state);
  CheckOidc(state);
  ReadEncryptionKeys(state);
  ReadKeys(state);
  CheckExposure(state);
  CheckTls(state);
  LoadResult result;
  result.problems = std::move(state.problems);
  if (result.problems.empty()) result.loaded = std::move(state.loaded);
  return result;
}

}  // namespace larder
