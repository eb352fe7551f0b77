#include "vector/snapshot_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/directory.h"

namespace larder {
namespace {

Error FileError(const std::string& path, const char* doing) {
  const int code = errno;
  return Error{ErrorCode::kIo, ErrorOrigin::kIndex,
               std::string("cannot ") + doing + " the snapshot " + path + ": " +
                   std::generic_category().message(code)};
}

}  // namespace

Result<SnapshotWriter> SnapshotWriter::Create(const std::string& path) {
  std::string name = path;
  std::string temporary = path + ".new";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return FileError(temporary, "create");
  std::FILE* stream = ::fdopen(file, "wb");
  if (stream == nullptr) {
    ::close(file);
    return FileError(temporary, "create");
  }
  return SnapshotWriter(std::move(name), std::move(temporary), stream);
}

SnapshotWriter::~SnapshotWriter() {
  if (file_ != nullptr) ::unlink(temporary_.c_str());
}

void SnapshotWriter::Write(const void* bytes, std::size_t count) {
  if (failed_ || count == 0) return;
  checksum_.Update(bytes, count);
  failed_ = std::fwrite(bytes, 1, count, file_.get()) != count;
}

Status SnapshotWriter::Failed(const char* doing) const {
  return FileError(temporary_, doing);
}

Status SnapshotWriter::Commit() {
  Number(checksum_.value());
  if (failed_ || std::fflush(file_.get()) != 0) return Failed("write");
  if (::fsync(::fileno(file_.get())) != 0) return Failed("sync");
  // Nothing may be refused memory between the new name and success.
  const std::string directory = DirectoryOf(path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return Failed("rename");
  file_.reset();
  return SyncDirectory(directory);
}

Result<SnapshotReader> SnapshotReader::Open(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) {
    const bool missing = errno == ENOENT;
    Error error = FileError(path, "open");
    if (missing) error.code = ErrorCode::kNotFound;
    return error;
  }
  struct stat status = {};
  if (::fstat(::fileno(file), &status) != 0) {
    std::fclose(file);
    return FileError(path, "look at");
  }
  return SnapshotReader(file, static_cast<std::uint64_t>(status.st_size));
}

bool SnapshotReader::Read(void* bytes, std::size_t count) {
  if (count > left_ || std::fread(bytes, 1, count, file_.get()) != count) {
    left_ = 0;
    return false;
  }
  left_ -= count;
  checksum_.Update(bytes, count);
  return true;
}

bool SnapshotReader::EndsWhole() {
  if (left_ != sizeof(std::uint64_t)) return false;
  const std::uint64_t expected = checksum_.value();
  return Number<std::uint64_t>() == expected && left_ == 0;
}

}  // namespace larder
