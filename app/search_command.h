// search: the nearest texts of a running server.
#pragma once

#include "app/client_options.h"

namespace larder {

struct SearchCommand : ClientOptions {
  static constexpr const char* kSummary = "search the texts that a running server has embedded";
  static constexpr const char* kExamples =
      "  larder search \"compress a file\" --top-k 3\n"
      "  larder search \"a red shoe\" --collection shop --filter '{\"size\": {\"$gte\": 40}}'\n"
      "  larder search \"a red shoe\" --compare-exact     # how good the index is";

  std::string query;
  std::string model = "larder-hash-384";
  int top_k = 10;
  std::string collection;  // empty = the texts embedded so far
  std::string filter;      // a JSON object
  std::optional<double> min_score;
  std::optional<int> ef_search;  // absent = the server's default
  bool exact = false;
  bool compare_exact = false;

  void Declare(FlagTable& flags);
};
int RunCommand(const SearchCommand& options);

}  // namespace larder
