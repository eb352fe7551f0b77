// SnapshotWriter, SnapshotReader: a file that is there whole or not at all. What is written goes
// to a temporary name and takes its own when it is complete and durable; a checksum of all bytes
// ends it. With a key the file is encrypted, piece by piece. Thread-safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/checksum.h"
#include "base/result.h"
#include "base/secret_key.h"
#include "vector/sealed_pieces.h"

namespace larder {

namespace internal {
struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
}  // namespace internal

class SnapshotWriter {
 public:
  // `keys`: nullptr for a file that is not encrypted; they are used during the call alone.
  // Errors: kIo.
  static Result<SnapshotWriter> Create(const std::string& path, const SecretKeys* keys = nullptr);
  SnapshotWriter(SnapshotWriter&&) = default;
  // Removes the temporary file unless Commit() succeeded.
  ~SnapshotWriter();

  // A failure is remembered and told by Commit().
  void Write(const void* bytes, std::size_t count);
  template <typename T>
  void Number(T value) {
    Write(&value, sizeof(value));
  }
  // Of what was written so far.
  std::uint64_t checksum() const { return checksum_.value(); }
  // Errors: kIo; then a file that stood at `path` stands there still, unless it is the directory
  // that could not be synced.
  Status Commit();

 private:
  SnapshotWriter(std::string path, std::string temporary, std::FILE* file)
      : path_(std::move(path)), temporary_(std::move(temporary)), file_(file) {}
  Status Failed(const char* doing) const;
  void WriteToFile(std::string_view bytes);

  std::string path_;
  std::string temporary_;
  std::unique_ptr<std::FILE, internal::CloseFile> file_;
  std::optional<PieceSealer> sealer_;
  Checksum checksum_;
  bool failed_ = false;
};

class SnapshotReader {
 public:
  // `keys` as they were when it was written. Errors: kNotFound, kIo, kCorruption (encrypted with
  // another key, or not although there is one).
  static Result<SnapshotReader> Open(const std::string& path, const SecretKeys* keys = nullptr);

  // False at an end that comes too early, and from then on.
  bool Read(void* bytes, std::size_t count);
  // 0 at an end that comes too early.
  template <typename T>
  T Number() {
    T value{};
    Read(&value, sizeof(value));
    return value;
  }
  // Bytes that are not read yet, the checksum's included.
  std::uint64_t left() const { return left_; }
  // The checksum of what was read so far.
  std::uint64_t checksum() const { return checksum_.value(); }
  // True when everything was read and the file's checksum is that of its bytes.
  bool EndsWhole();

 private:
  explicit SnapshotReader(std::FILE* file) : file_(file) {}
  bool ReadFromFile(void* bytes, std::size_t count);

  std::unique_ptr<std::FILE, internal::CloseFile> file_;
  std::optional<PieceOpener> opener_;
  std::uint64_t left_ = 0;
  Checksum checksum_;
};

}  // namespace larder
