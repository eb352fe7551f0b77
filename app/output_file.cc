#include "app/output_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace larder {

Result<std::unique_ptr<OutputFile>> OutputFile::Create(const std::string& path) {
  std::string temporary = path + ".part-" + std::to_string(::getpid());
  std::FILE* file = std::fopen(temporary.c_str(), "wbe");
  if (file == nullptr) {
    return Error{ErrorCode::kIo, ErrorOrigin::kSelf,
                 "cannot write " + path + ": " + std::strerror(errno)};
  }
  return std::unique_ptr<OutputFile>(new OutputFile(path, std::move(temporary), file));
}

std::unique_ptr<OutputFile> OutputFile::Stdout() {
  return std::unique_ptr<OutputFile>(new OutputFile("standard output", "", stdout));
}

OutputFile::OutputFile(std::string path, std::string temporary, std::FILE* file)
    : path_(std::move(path)), temporary_(std::move(temporary)), file_(file) {}

OutputFile::~OutputFile() {
  if (temporary_.empty()) return;
  if (file_ != nullptr) std::fclose(file_);
  if (!committed_) ::unlink(temporary_.c_str());
}

Error OutputFile::Problem(const char* what) const {
  return Error{ErrorCode::kIo, ErrorOrigin::kSelf,
               std::string(what) + " " + path_ + ": " + std::strerror(errno)};
}

Status OutputFile::Write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) {
    return Problem("cannot write");
  }
  return {};
}

Status OutputFile::WriteAt(std::uint64_t offset, std::string_view bytes) {
  if (std::fseek(file_, static_cast<long>(offset), SEEK_SET) != 0) return Problem("cannot write");
  LARDER_RETURN_IF_ERROR(Write(bytes));
  if (std::fseek(file_, 0, SEEK_END) != 0) return Problem("cannot write");
  return {};
}

Status OutputFile::Commit(Durability durability) {
  if (std::fflush(file_) != 0) return Problem("cannot write");
  if (temporary_.empty()) return {};
  if (durability == Durability::kSynced && ::fsync(::fileno(file_)) != 0) {
    return Problem("cannot write");
  }
  if (std::fclose(std::exchange(file_, nullptr)) != 0) return Problem("cannot write");
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return Problem("cannot name");
  committed_ = true;
  return {};
}

}  // namespace larder
