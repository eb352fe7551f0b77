// stats: figures of a running server.
#pragma once

#include "app/client_options.h"

namespace larder {

struct StatsCommand : ClientOptions {
  static constexpr const char* kSummary = "show a running server's hit rates, savings and sizes";
  static constexpr const char* kExamples =
      "  larder stats                                  # since the server's start\n"
      "  larder stats --window 24h --model text-embedding-3-small\n"
      "  larder stats --watch\n"
      "  larder stats --json | jq .money.saved";

  std::string window;
  std::string model;
  std::string partition;
  std::string route;
  bool watch = false;

  void Declare(FlagTable& flags);
};
int RunCommand(const StatsCommand& command);

}  // namespace larder
