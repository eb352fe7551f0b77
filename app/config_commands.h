// check-config, print-config, version: what needs no running server.
#pragma once

#include "app/client_options.h"

namespace larder {

struct CheckConfigCommand : ConfigOptions {
  static constexpr const char* kSummary = "read the configuration and report every problem";
  static constexpr const char* kExamples = "  larder check-config --config /etc/larder/larder.toml";

  void Declare(FlagTable& flags) { DeclareSettings(flags); }
};
int RunCommand(const CheckConfigCommand& options);

struct PrintConfigCommand : ConfigOptions {
  static constexpr const char* kSummary = "print the effective settings and where each came from";
  static constexpr const char* kExamples =
      "  larder print-config --config larder.toml\n"
      "  LARDER_MODE=replay larder print-config | grep cache.mode";

  void Declare(FlagTable& flags) { DeclareSettings(flags); }
};
int RunCommand(const PrintConfigCommand& options);

struct VersionCommand {
  static constexpr const char* kSummary = "print the version";
  static constexpr const char* kExamples = "";

  void Declare(FlagTable& /*flags*/) {}
};
int RunCommand(const VersionCommand& options);

}  // namespace larder
