// The data that bench/search puts to every index: a folder with three files, mapped for reading.
//
//   base.f32     the vectors to index, of unit length, row by row, little-endian float32
//   queries.f32  the queries, the same way; none of them is in the base
//   truth.u32    for each query the row numbers in base.f32 of its 100 nearest by inner product,
//                most similar first, little-endian uint32
//
// The sizes of the files give the number of dimensions and rows. Mapped, so that the pages belong
// to the file: what an index allocates is then the only anonymous memory that grows.
// Thread-safety: for reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace larder::bench {

// A whole file in memory, read only. Ends the program with a message when it cannot be mapped.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::size_t size() const { return size_; }
  template <typename T>
  const T* as() const {
    return static_cast<const T*>(data_);
  }
  // Reads each page, so that none of it is read from disk while something is measured.
  void Touch() const;

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

class SearchData {
 public:
  static constexpr std::size_t kNeighbours = 100;  // of each query in truth.u32

  // Ends the program with a message when the files are not there or do not fit together.
  explicit SearchData(const std::string& folder);

  std::size_t dim() const { return dim_; }
  std::size_t count() const { return count_; }
  std::size_t queries() const { return queries_; }
  // Row `i`, of dim() floats; the rows after it follow.
  const float* base(std::size_t i) const { return base_file_.as<float>() + i * dim_; }
  const float* query(std::size_t i) const { return query_file_.as<float>() + i * dim_; }
  // The kNeighbours row numbers of query `i`.
  const std::uint32_t* truth(std::size_t i) const {
    return truth_file_.as<std::uint32_t>() + i * kNeighbours;
  }

 private:
  MappedFile base_file_, query_file_, truth_file_;
  std::size_t dim_ = 0, count_ = 0, queries_ = 0;
};

// Ends the program with status 1 and the message, which names `program_invocation_short_name`.
[[noreturn]] void Fail(const std::string& message);

}  // namespace larder::bench
