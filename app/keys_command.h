// keys: Larder's own client keys.
#pragma once

#include "app/client_options.h"

namespace larder {

struct KeysCommand : ClientOptions {
  static constexpr const char* kSummary =
      "list, create, change and revoke Larder's own client keys";
  static constexpr const char* kExamples =
      "  larder keys list\n"
      "  larder keys create ci --tenant tests --expires-in 30d\n"
      "  larder keys create search --model 'text-embedding-3-*' --requests-per-minute 600\n"
      "  larder keys change key_1f2e3d4c --budget-money 25 --budget-period month\n"
      "  larder keys revoke key_1f2e3d4c";

  std::string action;
  std::optional<std::string> name;  // of create; the id of change and revoke
  std::string tenant;
  std::optional<std::chrono::seconds> expires_in;
  std::vector<std::string> models;
  std::vector<std::string> upstreams;
  std::string endpoint;
  std::optional<int> requests_per_minute;
  std::optional<int> requests_per_hour;
  std::optional<int> tokens_per_minute;
  std::optional<int> tokens_per_hour;
  std::string budget_money;
  std::optional<int> budget_tokens;
  std::string budget_period = "month";

  void Declare(FlagTable& flags);
};
int RunCommand(const KeysCommand& command);

}  // namespace larder
