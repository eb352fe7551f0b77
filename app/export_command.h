// export: a server's entries as JSON lines, or vectors as a NumPy matrix.
#pragma once

#include "app/client_options.h"

namespace larder {

struct ExportCommand : ClientOptions {
  static constexpr const char* kSummary = "write a server's entries to a file";
  static constexpr const char* kExamples =
      "  larder export -o embeddings.jsonl\n"
      "  larder export --layer responses | zstd > responses.jsonl.zst\n"
      "  larder export --format npy --model text-embedding-3-small -o vectors.npy\n"
      "      # numpy.load('vectors.npy'); vectors.ids.jsonl says what each row is";

  std::string layer;  // empty: both; of npy, embeddings
  std::string model;
  std::string partition;
  std::string ns;
  std::optional<int> dimensions;
  std::string format = "jsonl";
  std::string output = "-";

  void Declare(FlagTable& flags);
};
int RunCommand(const ExportCommand& command);

}  // namespace larder
