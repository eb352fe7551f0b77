#include "app/byte_input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace larder {
namespace {

constexpr std::size_t kPiece = 64 * 1024;

Error CannotRead(const std::string& path) {
  return Error{ErrorCode::kIo, ErrorOrigin::kSelf,
               "cannot read " + path + ": " + std::strerror(errno)};
}

}  // namespace

Result<std::unique_ptr<ByteInput>> ByteInput::Open(const std::string& path,
                                                   const Interrupt* interrupt) {
  const int fd = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return CannotRead(path);
  std::unique_ptr<ByteInput> input(new ByteInput(path, fd, interrupt));
  struct stat status {};
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
    input->size_ = static_cast<std::uint64_t>(status.st_size);
  } else if (S_ISDIR(status.st_mode)) {
    errno = EISDIR;
    return CannotRead(path);
  }
  return input;
}

ByteInput::ByteInput(std::string path, int fd, const Interrupt* interrupt)
    : path_(std::move(path)), fd_(fd), interrupt_(interrupt) {}

ByteInput::~ByteInput() {
  if (fd_ != STDIN_FILENO) ::close(fd_);
}

Result<bool> ByteInput::Read(std::string& out) {
  while (true) {
    if (interrupt_ != nullptr) {
      pollfd fds[2] = {{fd_, POLLIN, 0}, {interrupt_->fd(), POLLIN, 0}};
      if (::poll(fds, 2, -1) < 0) continue;  // EINTR: the next round sees why
      if (fds[1].revents != 0) {
        return Error{ErrorCode::kCancelled, ErrorOrigin::kSelf, "interrupted"};
      }
    }
    const std::size_t before = out.size();
    out.resize(before + kPiece);
    const ssize_t size = ::read(fd_, out.data() + before, kPiece);
    out.resize(before + static_cast<std::size_t>(size > 0 ? size : 0));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return CannotRead(path_);
    read_bytes_ += static_cast<std::uint64_t>(size);
    return size > 0;
  }
}

Result<std::string> ReadAll(const std::string& path, std::size_t limit_bytes) {
  LARDER_ASSIGN_OR_RETURN(const auto input, ByteInput::Open(path, nullptr));
  std::string bytes;
  while (true) {
    LARDER_ASSIGN_OR_RETURN(const bool more, input->Read(bytes));
    if (!more) return bytes;
    if (bytes.size() > limit_bytes) {
      return Error{ErrorCode::kTooLarge, ErrorOrigin::kSelf,
                   path + " is larger than " + std::to_string(limit_bytes) + " bytes"};
    }
  }
}

}  // namespace larder
