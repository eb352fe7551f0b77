// The options that several verbs share.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/flags.h"

namespace larder {

// Where the configuration comes from.
struct ConfigOptions {
  std::optional<std::string> config_file;
  // Settings given as flags, by their key ("server.listen"), in the order given.
  std::vector<std::pair<std::string, std::string>> settings;

  void DeclareFile(FlagTable& flags);      // --config
  void DeclareSettings(FlagTable& flags);  // --config and the flags that are settings
};

// Of the verbs that talk to a running server.
struct ClientOptions : ConfigOptions {
  std::optional<std::string> server;  // http://HOST:PORT
  bool json = false;                  // for machines

  void DeclareClient(FlagTable& flags, const std::string& json_help = "print JSON");
};

}  // namespace larder
