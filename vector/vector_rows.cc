#include "vector/vector_rows.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "vector/no_throw.h"

namespace larder {
namespace {

Error FileError(const std::string& path, const char* doing, int code) {
  return Error{ErrorCode::kIo, ErrorOrigin::kIndex,
               std::string("cannot ") + doing + " the vector file " + path + ": " +
                   std::generic_category().message(code)};
}

}  // namespace

Result<std::unique_ptr<VectorRows>> VectorRows::Create(std::size_t dim, std::size_t capacity,
                                                       const std::string& path) {
  return NoThrow([&]() -> Result<std::unique_ptr<VectorRows>> {
    std::unique_ptr<VectorRows> rows(new VectorRows(dim, path));
    if (path.empty()) {
      rows->memory_ = LazyArray<float>(dim * capacity);
      rows->rows_ = rows->memory_.data();
    } else {
      LARDER_RETURN_IF_ERROR(rows->Map(capacity, O_RDWR | O_CREAT | O_EXCL));
    }
    return rows;
  });
}

Result<std::unique_ptr<VectorRows>> VectorRows::Open(std::size_t dim, std::size_t capacity,
                                                     const std::string& path, std::size_t rows) {
  return NoThrow([&]() -> Result<std::unique_ptr<VectorRows>> {
    std::unique_ptr<VectorRows> opened(new VectorRows(dim, path));
    opened->keep_ = true;
    LARDER_RETURN_IF_ERROR(opened->Map(capacity, O_RDWR));
    struct stat status = {};
    if (::fstat(opened->file_, &status) != 0) return FileError(path, "look at", errno);
    if (static_cast<std::uint64_t>(status.st_size) < rows * dim * sizeof(float)) {
      return Error{ErrorCode::kCorruption, ErrorOrigin::kIndex,
                   "the vector file " + path + " is shorter than its snapshot says"};
    }
    ::madvise(const_cast<float*>(opened->rows_), rows * dim * sizeof(float), MADV_SEQUENTIAL);
    opened->checksum_.Update(opened->rows_, rows * dim * sizeof(float));
    opened->summed_ = rows;
    ::madvise(const_cast<float*>(opened->rows_), rows * dim * sizeof(float), MADV_RANDOM);
    return opened;
  });
}

Status VectorRows::Map(std::size_t capacity, int open_flags) {
  file_ = ::open(path_.c_str(), open_flags | O_CLOEXEC, 0600);
  if (file_ < 0) {
    keep_ = true;  // not ours
    const int code = errno;
    Error error = FileError(path_, "open", code);
    if (code == ENOENT && (open_flags & O_CREAT) == 0) error.code = ErrorCode::kNotFound;
    return error;
  }
  // Beyond the end of the file for the most part: a row is read only once it has been written.
  const std::size_t bytes = capacity * dim_ * sizeof(float);
  void* mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED | MAP_NORESERVE, file_, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  mapped_bytes_ = bytes;
  rows_ = static_cast<const float*>(mapped);
  ::madvise(mapped, bytes, MADV_RANDOM);
  return {};
}

VectorRows::~VectorRows() {
  if (mapped_bytes_ > 0) ::munmap(const_cast<float*>(rows_), mapped_bytes_);
  if (file_ < 0) return;
  // One that was removed already may have left its name to another.
  struct stat status = {};
  if (!keep_ && ::fstat(file_, &status) == 0 && status.st_nlink > 0) ::unlink(path_.c_str());
  ::close(file_);
}

Status VectorRows::Write(std::uint32_t slot, const float* vector) {
  const std::size_t bytes = dim_ * sizeof(float);
  if (file_ < 0) {
    std::memcpy(memory_.data() + slot * dim_, vector, bytes);
  } else {
    LARDER_RETURN_IF_ERROR(WriteToFile(slot, vector, bytes));
  }
  if (slot == summed_) {
    checksum_.Update(vector, bytes);
    ++summed_;
  } else {
    checksum_holds_ = false;
  }
  return {};
}

std::uint64_t VectorRows::ChecksumOf(std::size_t rows) const {
  if (checksum_holds_ && rows == summed_) return checksum_.value();
  Checksum checksum;
  checksum.Update(rows_, rows * dim_ * sizeof(float));
  return checksum.value();
}

Status VectorRows::WriteToFile(std::uint32_t slot, const float* vector, std::size_t bytes) {
  // Not through the mapping: a full disk is then an error, not a signal.
  const char* from = static_cast<const char*>(static_cast<const void*>(vector));
  std::size_t written = 0;
  while (written < bytes) {
    const ssize_t n = ::pwrite(file_, from + written, bytes - written,
                               static_cast<off_t>(slot * bytes + written));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return FileError(path_, "write", n < 0 ? errno : ENOSPC);
    written += static_cast<std::size_t>(n);
  }
  return {};
}

Status VectorRows::Sync() {
  if (file_ >= 0 && ::fdatasync(file_) != 0) return FileError(path_, "sync", errno);
  return {};
}

}  // namespace larder
