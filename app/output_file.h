// OutputFile: a file that is there whole or not at all: written under a temporary name beside its
// own, renamed when it is whole, removed otherwise. Thread-safety: none.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace larder {

class OutputFile {
 public:
  // Replaces what is there, at Commit. Errors: kIo, naming the file.
  static Result<std::unique_ptr<OutputFile>> Create(const std::string& path);
  // Standard output: as it comes; Commit flushes.
  static std::unique_ptr<OutputFile> Stdout();
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Errors: kIo.
  Status Write(std::string_view bytes);
  // Over bytes written before; the next Write goes on at the end. Not of standard output.
  Status WriteAt(std::uint64_t offset, std::string_view bytes);
  // Gives it its own name. kSynced: it is on the disk then, which may take a second on a busy one.
  enum class Durability { kSynced, kWritten };
  Status Commit(Durability durability = Durability::kSynced);

  const std::string& path() const { return path_; }

 private:
  OutputFile(std::string path, std::string temporary, std::FILE* file);
  Error Problem(const char* what) const;

  const std::string path_;
  const std::string temporary_;  // empty: standard output
  std::FILE* file_;
  bool committed_ = false;
};

}  // namespace larder
