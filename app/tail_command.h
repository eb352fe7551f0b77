// tail: a running server's requests as they finish.
#pragma once

#include "app/client_options.h"

namespace larder {

struct TailCommand : ClientOptions {
  static constexpr const char* kSummary = "show requests as a running server finishes them";
  static constexpr const char* kExamples =
      "  larder tail\n"
      "  larder tail --outcome miss --route chat       # what is paid for, and why\n"
      "  larder tail --recent 500 --no-follow --json | jq .total_us";

  std::string model;
  std::string route;
  std::string outcome;
  std::string partition;
  int recent = 10;
  bool no_follow = false;

  void Declare(FlagTable& flags);
};
int RunCommand(const TailCommand& command);

}  // namespace larder
