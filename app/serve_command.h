// serve: runs the server.
#pragma once

#include "app/client_options.h"

namespace larder {

struct ServeCommand : ConfigOptions {
  static constexpr const char* kSummary = "run the server (the default)";
  static constexpr const char* kExamples =
      "  larder serve                                  # 127.0.0.1:8787, ./larder-data\n"
      "  larder serve --listen 127.0.0.1:0 --upstream builtin\n"
      "  larder serve --config /etc/larder/larder.toml\n"
      "  larder serve --once                           # checks itself and exits";

  bool once = false;

  void Declare(FlagTable& flags);
};
int RunCommand(const ServeCommand& options);

}  // namespace larder
