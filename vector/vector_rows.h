// VectorRows: the float32 vectors behind a compact graph, by slot, to rank candidates exactly: in a
// file that the system keeps in its page cache as far as there is room, or in memory.
//
// A row is written once and then only read. Thread-safety: Row() of a written slot beside anything;
// Append alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/checksum.h"
#include "base/result.h"
#include "vector/lazy_array.h"

namespace larder {

class VectorRows {
 public:
  // With a path: a new file of this name, mode 0600, in an existing directory; removed again with
  // this object unless Keep() was called. An empty path: memory.
  // Errors: kIo (the file exists, no permission, no room), kOverloaded (memory refused).
  static Result<std::unique_ptr<VectorRows>> Create(std::size_t dim, std::size_t capacity,
                                                    const std::string& path);
  // An existing file of at least `rows` rows, which are read to take their checksum, to append to.
  // Errors: kNotFound, kCorruption (too short), kIo, kOverloaded.
  static Result<std::unique_ptr<VectorRows>> Open(std::size_t dim, std::size_t capacity,
                                                  const std::string& path, std::size_t rows);
  ~VectorRows();
  VectorRows(const VectorRows&) = delete;
  VectorRows& operator=(const VectorRows&) = delete;

  // Writes row `slot`, which is below the capacity. Errors: kIo (no room on the disk); then the
  // slot is as good as unwritten.
  Status Write(std::uint32_t slot, const float* vector);
  const float* Row(std::uint32_t slot) const { return rows_ + slot * dim_; }

  // Of the first `rows` rows. Cheap for as many as were written; others are read again.
  std::uint64_t ChecksumOf(std::size_t rows) const;

  // Makes what was written durable. Nothing for memory. Errors: kIo.
  Status Sync();
  const std::string& path() const { return path_; }  // empty for memory
  // The file stays when this object goes.
  void Keep() { keep_ = true; }

 private:
  VectorRows(std::size_t dim, std::string path) : dim_(dim), path_(std::move(path)) {}
  Status Map(std::size_t capacity, int open_flags);
  Status WriteToFile(std::uint32_t slot, const float* vector, std::size_t bytes);

  const std::size_t dim_;
  const std::string path_;
  int file_ = -1;
  LazyArray<float> memory_;
  std::size_t mapped_bytes_ = 0;
  const float* rows_ = nullptr;
  bool keep_ = false;
  // Of the first summed_ rows; a row that was written again makes it worthless.
  Checksum checksum_;
  std::size_t summed_ = 0;
  bool checksum_holds_ = true;
};

}  // namespace larder
