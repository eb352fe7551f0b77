#include "cache/acknowledged_sequence.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/bytes.h"

namespace larder {
namespace {

constexpr std::string_view kMagic = "LRDRACK1";
constexpr std::size_t kFileBytes = 16;  // magic, u64

std::optional<std::uint64_t> ReadFrom(int fd) {
  std::string bytes(kFileBytes, '\0');
  if (::pread(fd, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(kFileBytes)) {
    return std::nullopt;
  }
  ByteReader reader(bytes);
  if (reader.Raw(kMagic.size()) != kMagic) return std::nullopt;
  return reader.Fixed<std::uint64_t>();
}

}  // namespace

std::optional<std::uint64_t> AcknowledgedSequence::Read(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  const auto sequence = ReadFrom(fd);
  ::close(fd);
  return sequence;
}

AcknowledgedSequence::AcknowledgedSequence(const std::string& path)
    : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  MutexLock lock(mutex_);
  if (fd_ >= 0) highest_ = written_ = ReadFrom(fd_).value_or(0);
}

AcknowledgedSequence::~AcknowledgedSequence() {
  if (fd_ >= 0) ::close(fd_);
}

void AcknowledgedSequence::Raise(std::uint64_t sequence) {
  MutexLock lock(mutex_);
  highest_ = std::max(highest_, sequence);
  if (fd_ < 0 || sequence <= written_) return;
  std::string bytes(kMagic);
  ByteWriter(bytes).Fixed(sequence);
  if (::pwrite(fd_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size())) {
    written_ = sequence;
  }
}

std::uint64_t AcknowledgedSequence::highest() const {
  MutexLock lock(mutex_);
  return highest_;
}

}  // namespace larder
