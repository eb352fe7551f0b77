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

Result<SnapshotWriter> SnapshotWriter::Create(const std::string& path, const SecretKeys* keys) {
  std::string name = path;
  std::string temporary = path + ".new";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return FileError(temporary, "create");
  std::FILE* stream = ::fdopen(file, "wb");
  if (stream == nullptr) {
    ::close(file);
    return FileError(temporary, "create");
  }
  SnapshotWriter writer(std::move(name), std::move(temporary), stream);
  if (keys != nullptr) {
    writer.sealer_.emplace(*keys);
    writer.WriteToFile(writer.sealer_->head());
  }
  return writer;
}

SnapshotWriter::~SnapshotWriter() {
  if (file_ != nullptr) ::unlink(temporary_.c_str());
}

void SnapshotWriter::Write(const void* bytes, std::size_t count) {
  if (failed_ || count == 0) return;
  checksum_.Update(bytes, count);
  const std::string_view view(static_cast<const char*>(bytes), count);
  if (sealer_) {
    sealer_->Write(view, [this](std::string_view sealed) { WriteToFile(sealed); });
  } else {
    WriteToFile(view);
  }
}

void SnapshotWriter::WriteToFile(std::string_view bytes) {
  failed_ = failed_ || std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size();
}

Status SnapshotWriter::Failed(const char* doing) const {
  return FileError(temporary_, doing);
}

Status SnapshotWriter::Commit() {
  Number(checksum_.value());
  if (sealer_) sealer_->Finish([this](std::string_view sealed) { WriteToFile(sealed); });
  if (failed_ || std::fflush(file_.get()) != 0) return Failed("write");
  if (::fsync(::fileno(file_.get())) != 0) return Failed("sync");
  // Nothing may be refused memory between the new name and success.
  const std::string directory = DirectoryOf(path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return Failed("rename");
  file_.reset();
  return SyncDirectory(directory);
}

Result<SnapshotReader> SnapshotReader::Open(const std::string& path, const SecretKeys* keys) {
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) {
    const bool missing = errno == ENOENT;
    Error error = FileError(path, "open");
    if (missing) error.code = ErrorCode::kNotFound;
    return error;
  }
  SnapshotReader reader(file);
  struct stat status = {};
  if (::fstat(::fileno(file), &status) != 0) return FileError(path, "look at");
  reader.left_ = static_cast<std::uint64_t>(status.st_size);
  char bytes[kSealedHeadBytes];
  const std::string_view head(bytes, std::fread(bytes, 1, sizeof(bytes), file));
  const bool is_sealed = PieceOpener::IsHead(head);
  const auto refused = [&](const char* why) {
    return Error{ErrorCode::kCorruption, ErrorOrigin::kIndex, "the snapshot " + path + why};
  };
  if (is_sealed != (keys != nullptr)) {
    return refused(is_sealed ? " is encrypted, and there is no key" : " is not encrypted");
  }
  if (!is_sealed) {
    std::rewind(file);
    return reader;
  }
  reader.opener_ = PieceOpener::Open(head, reader.left_, *keys);
  if (!reader.opener_) return refused(" is encrypted with another key");
  reader.left_ = reader.opener_->plain_bytes();
  return reader;
}

bool SnapshotReader::ReadFromFile(void* bytes, std::size_t count) {
  const auto read = [this](void* to, std::size_t size) {
    return std::fread(to, 1, size, file_.get()) == size;
  };
  return opener_ ? opener_->Read(static_cast<char*>(bytes), count, read) : read(bytes, count);
}

bool SnapshotReader::Read(void* bytes, std::size_t count) {
  if (count > left_ || !ReadFromFile(bytes, count)) {
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
