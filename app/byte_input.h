// ByteInput: a file or standard input, read in pieces; a wait for more ends when interrupted.
// Thread-safety: none; one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/interrupt.h"
#include "base/result.h"

namespace larder {

class ByteInput {
 public:
  // "-" is standard input. `interrupt` may be null and outlives it.
  // Errors: kIo, naming the file.
  static Result<std::unique_ptr<ByteInput>> Open(const std::string& path,
                                                 const Interrupt* interrupt);
  ~ByteInput();
  ByteInput(const ByteInput&) = delete;
  ByteInput& operator=(const ByteInput&) = delete;

  // Appends up to 64 KiB, at least 1 byte; false at the end.
  // Errors: kIo; kCancelled: interrupted.
  Result<bool> Read(std::string& out);

  // Of a regular file, at the time it was opened.
  std::optional<std::uint64_t> size() const { return size_; }
  std::uint64_t read_bytes() const { return read_bytes_; }

 private:
  ByteInput(std::string path, int fd, const Interrupt* interrupt);

  const std::string path_;
  const int fd_;
  const Interrupt* const interrupt_;
  std::optional<std::uint64_t> size_;
  std::uint64_t read_bytes_ = 0;
};

// All of it; what verbs that take one small document use. Errors: those of Read, kTooLarge.
Result<std::string> ReadAll(const std::string& path, std::size_t limit_bytes);

}  // namespace larder
