// What stands in the place of libc's own functions in the process.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>

#include "tests/endurance/power_cut/recorder.h"

namespace rec = larder::power_cut;

namespace {

unsigned ModeOf(int flags, std::va_list& arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, unsigned) : 0;
}

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

template <typename... Arguments>
int Call(long number, Arguments... arguments) {
  return static_cast<int>(::syscall(number, arguments...));
}

}  // namespace

extern "C" {

int openat(int at, const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = ModeOf(flags, arguments);
  va_end(arguments);
  return rec::Open(at, path, flags, mode);
}
int open(const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = ModeOf(flags, arguments);
  va_end(arguments);
  return rec::Open(AT_FDCWD, path, flags, mode);
}
// The names with 64 are the same functions on this platform.
int open64(const char* path, int flags, ...) __attribute__((alias("open")));
int openat64(int at, const char* path, int flags, ...) __attribute__((alias("openat")));
int __open_2(const char* path, int flags) {
  return rec::Open(AT_FDCWD, path, flags, 0);
}
int __open64_2(const char* path, int flags) {
  return rec::Open(AT_FDCWD, path, flags, 0);
}
int creat(const char* path, mode_t mode) {
  return rec::Open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int close(int fd) {
  return rec::Close(fd);
}

ssize_t write(int fd, const void* bytes, size_t count) {
  if (!rec::IsFollowed(fd)) return ::syscall(SYS_write, fd, bytes, count);
  return rec::Write(fd, {static_cast<const char*>(bytes), count}, -1);
}
ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  if (!rec::IsFollowed(fd)) return ::syscall(SYS_pwrite64, fd, bytes, count, offset);
  return rec::Write(fd, {static_cast<const char*>(bytes), count}, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t count, off_t offset)
    __attribute__((alias("pwrite")));
ssize_t writev(int fd, const iovec* parts, int count) {
  if (!rec::IsFollowed(fd)) return ::syscall(SYS_writev, fd, parts, count);
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    bytes.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  }
  return rec::Write(fd, bytes, -1);
}

int fsync(int fd) {
  return rec::IsFollowed(fd) ? rec::Sync(fd) : Call(SYS_fsync, fd);
}
int fdatasync(int fd) {
  return rec::IsFollowed(fd) ? rec::Sync(fd) : Call(SYS_fdatasync, fd);
}
// Promises nothing about durability.
int sync_file_range(int fd, off_t offset, off_t count, unsigned flags) {
  return rec::IsFollowed(fd) ? 0 : Call(SYS_sync_file_range, fd, offset, count, flags);
}

int ftruncate(int fd, off_t size) {
  return rec::IsFollowed(fd) ? rec::Resize(fd, size) : Call(SYS_ftruncate, fd, size);
}
int ftruncate64(int fd, off_t size) __attribute__((alias("ftruncate")));
int truncate(const char* path, off_t size) {
  return rec::ResizeNamed(path, size);
}
int fallocate(int fd, int mode, off_t offset, off_t length) {
  // Room beyond the end, taken or given back, is no content.
  const bool keeps_size = (mode & FALLOC_FL_KEEP_SIZE) != 0;
  const bool changes = mode != FALLOC_FL_KEEP_SIZE;
  if (rec::IsFollowed(fd) && changes &&
      (!keeps_size || static_cast<std::uint64_t>(offset) < rec::SizeOf(fd))) {
    rec::Give("power_cut: fallocate that changes a file\n");
  }
  return Call(SYS_fallocate, fd, mode, offset, length);
}
void* mmap(void* address, size_t length, int protection, int flags, int fd, off_t offset) {
  if ((protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0 && rec::IsFollowed(fd)) {
    rec::Give("power_cut: a writable shared mapping\n");
  }
  return reinterpret_cast<void*>(
      ::syscall(SYS_mmap, address, length, protection, flags, fd, offset));
}
ssize_t sendfile(int to, int from, off_t* offset, size_t count) {
  if (rec::IsFollowed(to)) rec::Give("power_cut: sendfile into a file\n");
  return ::syscall(SYS_sendfile, to, from, offset, count);
}

int unlink(const char* path) {
  return rec::Remove(AT_FDCWD, path, 0);
}
int unlinkat(int at, const char* path, int flags) {
  return rec::Remove(at, path, flags);
}
int rmdir(const char* path) {
  return rec::Remove(AT_FDCWD, path, AT_REMOVEDIR);
}
int remove(const char* path) {
  const int done = rec::Remove(AT_FDCWD, path, 0);
  return done != 0 && errno == EISDIR ? rec::Remove(AT_FDCWD, path, AT_REMOVEDIR) : done;
}
int mkdir(const char* path, mode_t mode) {
  return rec::MakeDirectory(AT_FDCWD, path, mode);
}
int mkdirat(int at, const char* path, mode_t mode) {
  return rec::MakeDirectory(at, path, mode);
}
int renameat(int from_at, const char* from, int to_at, const char* to) {
  return rec::Rename(from_at, from, to_at, to);
}
int rename(const char* from, const char* to) {
  return rec::Rename(AT_FDCWD, from, AT_FDCWD, to);
}
int linkat(int from_at, const char* from, int to_at, const char* to, int flags) {
  return rec::Link(from_at, from, to_at, to, flags);
}
int link(const char* from, const char* to) {
  return rec::Link(AT_FDCWD, from, AT_FDCWD, to, 0);
}

std::FILE* fopen(const char* path, const char* mode) {
  return rec::OpenStream("fopen", path, mode);
}
std::FILE* fopen64(const char* path, const char* mode) {
  return rec::OpenStream("fopen64", path, mode);
}
std::FILE* fdopen(int fd, const char* mode) {
  if (rec::IsFollowed(fd)) rec::FollowStream(fd);
  return Next<std::FILE*(int, const char*)>("fdopen")(fd, mode);
}
size_t fwrite(const void* bytes, size_t size, size_t count, std::FILE* stream) {
  static auto* const next = Next<size_t(const void*, size_t, size_t, std::FILE*)>("fwrite");
  const size_t written = next(bytes, size, count, stream);
  if (const int fd = ::fileno(stream); rec::IsFollowed(fd)) rec::CatchUpStream(fd);
  return written;
}
int fflush(std::FILE* stream) {
  static auto* const next = Next<int(std::FILE*)>("fflush");
  const int done = next(stream);
  if (stream == nullptr) return done;
  if (const int fd = ::fileno(stream); rec::IsFollowed(fd)) rec::CatchUpStream(fd);
  return done;
}
int fclose(std::FILE* stream) {
  if (const int fd = ::fileno(stream); rec::IsFollowed(fd)) {
    (void)fflush(stream);
    rec::Forget(fd);
  }
  return Next<int(std::FILE*)>("fclose")(stream);
}

}  // extern "C"
