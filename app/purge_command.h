// purge: removes entries that meet every condition given.
#pragma once

#include "app/client_options.h"

namespace larder {

struct PurgeCommand : ClientOptions {
  static constexpr const char* kSummary = "remove entries from a running server's cache";
  static constexpr const char* kExamples =
      "  larder purge --model gpt-4o --older-than 7d\n"
      "  larder purge --input 'the exact text' --yes\n"
      "  larder purge --partition 0123abcd --compact --yes\n"
      "  larder purge --layer responses --namespace tests --dry-run";

  std::string layer;
  std::string model;
  std::string partition;
  std::string ns;
  std::string key;
  std::optional<std::string> input;
  std::string prefix;
  std::optional<std::chrono::seconds> older_than;
  bool all = false;
  bool dry_run = false;
  bool compact = false;
  bool yes = false;

  void Declare(FlagTable& flags);
};
int RunCommand(const PurgeCommand& command);

}  // namespace larder
