// warm: embeds texts through a running server ahead of time, so that they are cached and found by
// searches.
#pragma once

#include "app/client_options.h"

namespace larder {

struct WarmCommand : ClientOptions {
  static constexpr const char* kSummary = "embed the texts of a file ahead of time";
  static constexpr const char* kExamples =
      "  apropos . | larder warm                       # a text a line\n"
      "  larder warm texts.jsonl --field body --model text-embedding-3-small\n"
      "  larder warm products.csv --column description --rate 500\n"
      "  larder warm texts.txt                         # again after Ctrl-C: goes on where it was";

  std::string file = "-";  // "-" = standard input
  std::string format;      // empty = by the name's end
  std::string field;
  std::string column;
  std::string model = "larder-hash-384";
  std::optional<int> dimensions;
  int batch = 256;
  int concurrency = 2;
  std::optional<double> rate;  // texts per second
  std::optional<double> requests_per_minute;
  int retries = 6;
  std::optional<std::string> state;  // absent = beside a regular file
  bool restart = false;

  void Declare(FlagTable& flags);
};
int RunCommand(const WarmCommand& options);

}  // namespace larder
