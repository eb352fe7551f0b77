#include "app/client_options.h"

#include <array>

namespace larder {
namespace {

// The flags that are settings: the same for every verb that reads all of the configuration.
struct SettingFlag {
  const char* flag;
  const char* value;
  const char* key;
  const char* help;
};
constexpr std::array<SettingFlag, 6> kSettingFlags = {{
    {"--listen", "HOST:PORT", "server.listen",
     "where to listen; port 0 = any free (default 127.0.0.1:8787)"},
    {"--data-dir", "DIR", "data_dir",
     "directory of everything that is kept (default ./larder-data)"},
    {"--upstream", "URL", "upstream.url",
     "the model provider's base URL, or 'builtin' (default https://api.openai.com/v1 when "
     "OPENAI_API_KEY is set, else builtin)"},
    {"--mode", "MODE", "cache.mode",
     "how much the cache takes part: on, record, replay, read-only or off (default on)"},
    {"--log-format", "FORMAT", "log.format", "text or json (default text)"},
    {"--log-level", "LEVEL", "log.level", "debug, info, warning or error (default info)"},
}};

}  // namespace

void ConfigOptions::DeclareFile(FlagTable& flags) {
  flags.Text("--config", "FILE", config_file, "TOML file; config/larder.toml documents every key")
      .Path();
}

void ConfigOptions::DeclareSettings(FlagTable& flags) {
  DeclareFile(flags);
  for (const SettingFlag& flag : kSettingFlags) {
    flags.Add({flag.flag, flag.value, flag.help,
               [this, key = flag.key](const std::string& value) -> std::optional<std::string> {
                 settings.emplace_back(key, value);
                 return std::nullopt;
               }});
  }
}

void ClientOptions::DeclareClient(FlagTable& flags, const std::string& json_help) {
  DeclareFile(flags);
  flags.Text("--server", "URL", server,
             "the running server (default: where the configuration listens)");
  flags.Switch("--json", json, json_help);
}

}  // namespace larder
