// import: entries of an export, or vectors of one's own, into a server.
#pragma once

#include "app/client_options.h"

namespace larder {

struct ImportCommand : ClientOptions {
  static constexpr const char* kSummary = "load an export, or vectors of your own, into a server";
  static constexpr const char* kExamples =
      "  larder import embeddings.jsonl\n"
      "  zstdcat responses.jsonl.zst | larder import -\n"
      "  larder import vectors.npy --ids vectors.ids.jsonl\n"
      "  larder import vectors.npy --texts texts.txt --model text-embedding-3-small";

  std::string file;
  std::string format;  // empty = by the name's end
  std::string ids;
  std::string texts;
  std::string model;
  std::optional<int> dimensions;
  std::string ns;

  void Declare(FlagTable& flags);
};
int RunCommand(const ImportCommand& command);

}  // namespace larder
