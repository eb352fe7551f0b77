// upstreams: the upstreams, how they are asked, and their access tokens.
#pragma once

#include "app/client_options.h"

namespace larder {

struct UpstreamsCommand : ClientOptions {
  static constexpr const char* kSummary = "list the upstreams, and revoke their access tokens";
  static constexpr const char* kExamples =
      "  larder upstreams\n"
      "  larder upstreams revoke azure";

  std::string action = "list";
  std::optional<std::string> name;  // of revoke

  void Declare(FlagTable& flags);
};
int RunCommand(const UpstreamsCommand& command);

}  // namespace larder
