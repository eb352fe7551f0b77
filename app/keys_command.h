// keys: Larder's own client keys.
#pragma once

#include "app/client_options.h"

namespace larder {

struct KeysCommand : ClientOptions {
  static constexpr const char* kSummary = "list, create and revoke Larder's own client keys";
  static constexpr const char* kExamples =
      "  larder keys list\n"
      "  larder keys create ci --tenant tests --expires-in 30d\n"
      "  larder keys revoke key_1f2e3d4c";

  std::string action;
  std::optional<std::string> name;  // of create; the id of revoke
  std::string tenant;
  std::optional<std::chrono::seconds> expires_in;

  void Declare(FlagTable& flags);
};
int RunCommand(const KeysCommand& command);

}  // namespace larder
