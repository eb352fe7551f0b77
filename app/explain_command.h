// explain: what a running server would do with a request, and why.
#pragma once

#include "app/client_options.h"

namespace larder {

struct ExplainCommand : ClientOptions {
  static constexpr const char* kSummary =
      "tell what a request's key is and whether it would hit, and why not";
  static constexpr const char* kExamples =
      "  larder explain --path /v1/chat/completions body.json\n"
      "  echo '{\"model\":\"m\",\"input\":\"a text\"}' | larder explain --path /v1/embeddings -\n"
      "  larder explain --path /v1/models --method GET\n"
      "  larder explain --path /v1/embeddings --header 'x-larder-namespace: tests' body.json";

  std::string file;  // empty: no body
  std::string path;
  std::string method;  // empty: POST with a body, else GET
  std::vector<std::string> headers;

  void Declare(FlagTable& flags);
};
int RunCommand(const ExplainCommand& command);

}  // namespace larder
