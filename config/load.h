// LoadConfig: one Config from defaults, a TOML file, the environment and flags, or everything that
// is wrong with them. A later source goes before an earlier one: flag > environment > file >
// default.
//
// What is set is checked even where a later source overrides it. Relative paths start at the
// working directory, wherever they were written. Thread-safety: pure but for the files it reads.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"

namespace larder {

struct LoadInputs {
  // The value of --config. Absent: LARDER_CONFIG; without that too, no file is read: what a server
  // does must not hang on the directory it was started in.
  std::optional<std::string> file = std::nullopt;
  // The value of an environment variable, nullopt when it is not set; one set to nothing counts as
  // not set. An empty function is an empty environment.
  std::function<std::optional<std::string>(std::string_view name)> getenv = nullptr;
  // Settings by key with their text: {"server.listen", "127.0.0.1:0"}. The last of one key counts.
  std::vector<std::pair<std::string, std::string>> flags = {};
};

struct LoadedConfig {
  Config config;
  // Where each setting's value came from, by key; every key of Settings() is there, and for arrays
  // of tables "upstreams[0]" and "upstreams[0].url". "default", "file larder.toml:14", "environment
  // LARDER_LISTEN", "flag --listen", "as upstream.max_queue".
  std::map<std::string, std::string, std::less<>> origins;
  std::string file;  // the path that was read; empty for none
};

struct LoadResult {
  // Exactly one of the two is empty.
  std::optional<LoadedConfig> loaded;
  // Lines for the user, each with its place: "larder.toml:14:9: server.worker_threads must be in
  // [1, 4096], got 0", "environment LARDER_LISTEN: ...", "flag --listen: ...". First those of the
  // file in its order, then the environment's, the flags', and those of the whole. None shows a
  // credential.
  std::vector<std::string> problems;

  bool ok() const { return loaded.has_value(); }
};

// Beyond the settings themselves it reads the admin token's file into admin.token and each
// upstream's credential, from the variable or the file that is named, into its api_key,
// oauth.client_secret or oauth.service_account; splits `listen`
// into front.host and front.port; asks for an admin token where other machines can reach the
// server; and wants the upstreams' names different and their fallbacks known. Upstream's default is
// https://api.openai.com/v1 when the environment has OPENAI_API_KEY.
LoadResult LoadConfig(const LoadInputs& inputs);

}  // namespace larder
