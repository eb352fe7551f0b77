#include "app/reload.h"

#include "config/changes.h"
#include "config/config_json.h"

namespace larder {
namespace {

std::string Joined(const std::vector<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) text += (text.empty() ? "" : ", ") + key;
  return text;
}

}  // namespace

void Reloader::ReopenLog() {
  if (const Status opened = log_.Open(running_.log_file); !opened.ok()) {
    log_.Error("the log goes where it went", {{"problem", opened.error().message}});
  }
}

void Reloader::Reload() {
  if (const Status reloaded = app_.ReloadCertificate(); !reloaded.ok()) {
    log_.Error("the certificate could not be read again; the old one stays in use",
               {{"problem", reloaded.error().message}});
  }
  const LoadResult result = load_();
  if (!result.ok()) {
    ReopenLog();
    for (const std::string& problem : result.problems) {
      log_.Error("the configuration is wrong; nothing was changed", {{"problem", problem}});
    }
    return;
  }
  const Config& read = result.loaded->config;
  const ConfigChanges changes = CompareConfigs(running_, read);
  const std::string previous_log = running_.log_file;
  TakeLiveSettings(running_, read);
  if (const Status opened = log_.Open(running_.log_file); !opened.ok()) {
    log_.Error("the log goes where it went", {{"problem", opened.error().message}});
    running_.log_file = previous_log;
  }
  log_.set_level(running_.log_level);
  app_.Reload(running_, ConfigJson({running_, result.loaded->origins, result.loaded->file}));
  log_.Info("the configuration was read again",
            {{"file", result.loaded->file.empty() ? "(none)" : result.loaded->file},
             {"changed", changes.now.empty() ? "(nothing)" : Joined(changes.now)}});
  if (!changes.at_next_start.empty()) {
    log_.Warning("takes effect at the next start: " + Joined(changes.at_next_start));
  }
}

}  // namespace larder
