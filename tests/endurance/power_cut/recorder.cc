#include "tests/endurance/power_cut/recorder.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

namespace larder::power_cut {
namespace {

constexpr std::size_t kMostDescriptors = 1 << 16;

struct OpenFile {
  std::uint32_t handle = 0;  // 0: not below the directory
  bool appends = false;
  bool through_stdio = false;
  std::uint64_t seen = 0;  // bytes of a file written through stdio that are in the journal
};

struct State {
  std::string root;
  int journal = -1;
  std::uint64_t cut_at = 0;
  std::uint64_t sync_us = 0;
  std::uint64_t changes = 0;
  std::uint32_t next_handle = 1;
  std::uint64_t next_sync = 1;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  std::vector<OpenFile> files{kMostDescriptors};
};

std::atomic<bool> recording = false;
// Which descriptors are below the directory, for a look without the lock.
std::array<std::atomic<bool>, kMostDescriptors> followed{};

State& state() {
  static State* const state = new State;  // lives as long as the process has threads
  return *state;
}

std::uint64_t Number(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
}

__attribute__((constructor)) void Begin() {
  const char* root = std::getenv("POWER_CUT_ROOT");
  const char* journal = std::getenv("POWER_CUT_JOURNAL");
  if (root == nullptr || journal == nullptr) return;
  state().root = root;
  state().cut_at = Number("POWER_CUT_AT");
  state().sync_us = Number("POWER_CUT_SYNC_US");
  state().journal = static_cast<int>(
      ::syscall(SYS_openat, AT_FDCWD, journal, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (state().journal < 0) Give("power_cut: the journal cannot be made\n");
  recording = true;
}

class Lock {
 public:
  Lock() { ::pthread_mutex_lock(&state().mutex); }
  ~Lock() {
    const int kept = errno;
    ::pthread_mutex_unlock(&state().mutex);
    errno = kept;
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
};

// Counted before it is made; the one that is too many is not.
void CountChange() {
  if (++state().changes == state().cut_at) {
    ::kill(::getpid(), SIGKILL);
    while (true) ::pause();
  }
}

void Put(Kind kind, std::uint32_t handle, std::uint64_t offset, std::string_view first = {},
         std::string_view second = {}, std::string_view bytes = {}) {
  const int kept = errno;
  std::string head = HeadOf(kind, handle, offset, first, second, bytes.size());
  std::array<iovec, 2> parts{
      {{head.data(), head.size()}, {const_cast<char*>(bytes.data()), bytes.size()}}};
  const auto whole = static_cast<long>(head.size() + bytes.size());
  if (::syscall(SYS_writev, state().journal, parts.data(), parts.size()) != whole) {
    Give("power_cut: the journal cannot be written\n");
  }
  errno = kept;
}

// `path` relative to the directory, "" for itself; false when it is not below it.
bool Below(int at, const char* path, std::string& relative) {
  if (!recording || path == nullptr) return false;
  std::string whole = path;
  if (whole.empty() || whole[0] != '/') {
    std::array<char, PATH_MAX> base{};
    if (at == AT_FDCWD) {
      if (::getcwd(base.data(), base.size()) == nullptr) return false;
    } else {
      const std::string link = "/proc/self/fd/" + std::to_string(at);
      if (::readlink(link.c_str(), base.data(), base.size() - 1) <= 0) return false;
    }
    whole = std::string(base.data()) + "/" + whole;
  }
  std::string clean;
  for (std::size_t begin = 0; begin < whole.size();) {
    const std::size_t end = std::min(whole.find('/', begin), whole.size());
    const std::string_view part = std::string_view(whole).substr(begin, end - begin);
    if (part == "..") Give("power_cut: a path with ..\n");
    if (!part.empty() && part != ".") (clean += '/') += part;
    begin = end + 1;
  }
  const std::string& root = state().root;
  if (!clean.starts_with(root)) return false;
  if (clean.size() > root.size() && clean[root.size()] != '/') return false;
  relative = clean.size() > root.size() ? clean.substr(root.size() + 1) : "";
  return true;
}

OpenFile& FileOf(int fd) {
  return state().files[static_cast<std::size_t>(fd)];
}

bool Exists(int at, const char* path) {
  struct stat status {};
  return ::syscall(SYS_newfstatat, at, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
}
void Follow(int fd, const std::string& relative, bool created, bool truncated, bool appends,
            bool through_stdio) {
  if (static_cast<std::size_t>(fd) >= kMostDescriptors) Give("power_cut: too many descriptors\n");
  OpenFile file;
  file.handle = state().next_handle++;
  file.appends = appends;
  file.through_stdio = through_stdio;
  file.seen = SizeOf(fd);
  FileOf(fd) = file;
  followed[static_cast<std::size_t>(fd)] = true;
  Put(Kind::kOpen, file.handle, (created ? kCreated : 0) | (truncated ? kTruncated : 0), relative);
}

// Puts what a file written through stdio has beyond what was seen of it.
void CatchUp(int fd) {
  OpenFile& file = FileOf(fd);
  if (!file.through_stdio) return;
  const std::uint64_t size = SizeOf(fd);
  if (size <= file.seen) return;
  std::string bytes(size - file.seen, '\0');
  const std::string path =
      "/proc/self/fd/" + std::to_string(fd);  // it may be open for writing alone
  const auto reading = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path.c_str(), O_RDONLY, 0));
  const long count = ::syscall(SYS_pread64, reading, bytes.data(), bytes.size(), file.seen);
  ::syscall(SYS_close, reading);
  if (count != static_cast<long>(bytes.size())) Give("power_cut: a file cannot be read back\n");
  Put(Kind::kWrite, file.handle, file.seen, {}, {}, bytes);
  file.seen = size;
}

// Rename and link.
template <typename Call>
int Two(Kind kind, int from_at, const char* from, int to_at, const char* to, Call call) {
  std::string first;
  std::string second;
  const bool from_below = Below(from_at, from, first);
  if (from_below != Below(to_at, to, second)) Give("power_cut: a name leaves the directory\n");
  if (!from_below) return call();
  Lock lock;
  CountChange();
  const int done = call();
  if (done == 0) Put(kind, 0, 0, first, second);
  return done;
}

}  // namespace

void Give(const char* sentence) {
  (void)!::syscall(SYS_write, 2, sentence, std::strlen(sentence));
  ::_exit(86);
}

bool IsFollowed(int fd) {
  return recording && fd >= 0 && static_cast<std::size_t>(fd) < kMostDescriptors &&
         followed[static_cast<std::size_t>(fd)];
}

std::uint64_t SizeOf(int fd) {
  struct stat status {};
  return ::syscall(SYS_fstat, fd, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

int Open(int at, const char* path, int flags, unsigned mode) {
  const auto open = [&] { return static_cast<int>(::syscall(SYS_openat, at, path, flags, mode)); };
  std::string relative;
  if (!Below(at, path, relative)) return open();
  Lock lock;
  const bool existed = Exists(at, path);
  const bool creates = (flags & O_CREAT) != 0 && !existed;
  const bool truncates = (flags & O_TRUNC) != 0 && existed;
  if (creates || truncates) CountChange();
  const int fd = open();
  if (fd >= 0) Follow(fd, relative, creates, truncates, (flags & O_APPEND) != 0, false);
  return fd;
}

ssize_t Write(int fd, std::string_view bytes, off_t offset) {
  Lock lock;
  CountChange();
  OpenFile& file = FileOf(fd);
  off_t at = offset;
  if (file.appends) {
    at = static_cast<off_t>(SizeOf(fd));
  } else if (offset < 0) {
    at = static_cast<off_t>(::syscall(SYS_lseek, fd, 0, SEEK_CUR));
  }
  const ssize_t count = offset < 0
                            ? ::syscall(SYS_write, fd, bytes.data(), bytes.size())
                            : ::syscall(SYS_pwrite64, fd, bytes.data(), bytes.size(), offset);
  if (count > 0) {
    Put(Kind::kWrite, file.handle, static_cast<std::uint64_t>(at), {}, {},
        bytes.substr(0, static_cast<std::size_t>(count)));
    file.seen = std::max(file.seen, static_cast<std::uint64_t>(at + count));
  }
  return count;
}

int Close(int fd) {
  if (!IsFollowed(fd)) return static_cast<int>(::syscall(SYS_close, fd));
  Lock lock;
  CatchUp(fd);
  followed[static_cast<std::size_t>(fd)] = false;
  return static_cast<int>(::syscall(SYS_close, fd));
}

int Sync(int fd) {
  const std::uint64_t longest = state().sync_us;
  std::uint32_t handle = 0;
  std::uint64_t number = 0;
  {
    Lock lock;
    CountChange();
    CatchUp(fd);
    handle = FileOf(fd).handle;
    number = state().next_sync++;
    Put(Kind::kSyncBegin, handle, number);
  }
  if (longest > 0) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const timespec pause{0, static_cast<long>(static_cast<std::uint64_t>(now.tv_nsec) *
                                              2654435761U % (longest * 1000))};
    ::nanosleep(&pause, nullptr);
  }
  Lock lock;
  Put(Kind::kSyncEnd, handle, number);
  return 0;
}

int Resize(int fd, off_t size) {
  Lock lock;
  CountChange();
  const auto done = static_cast<int>(::syscall(SYS_ftruncate, fd, size));
  if (done == 0) {
    Put(Kind::kTruncate, FileOf(fd).handle, static_cast<std::uint64_t>(size));
    FileOf(fd).seen = static_cast<std::uint64_t>(size);
  }
  return done;
}

int Remove(int at, const char* path, int flags) {
  const auto remove = [&] { return static_cast<int>(::syscall(SYS_unlinkat, at, path, flags)); };
  std::string relative;
  if (!Below(at, path, relative)) return remove();
  Lock lock;
  CountChange();
  const int done = remove();
  if (done == 0) Put((flags & AT_REMOVEDIR) != 0 ? Kind::kRmdir : Kind::kUnlink, 0, 0, relative);
  return done;
}

int MakeDirectory(int at, const char* path, mode_t mode) {
  const auto make = [&] { return static_cast<int>(::syscall(SYS_mkdirat, at, path, mode)); };
  std::string relative;
  if (!Below(at, path, relative)) return make();
  Lock lock;
  CountChange();
  const int done = make();
  if (done == 0) Put(Kind::kMkdir, 0, 0, relative);
  return done;
}

int ResizeNamed(const char* path, off_t size) {
  const auto truncate = [&] { return static_cast<int>(::syscall(SYS_truncate, path, size)); };
  std::string relative;
  if (!Below(AT_FDCWD, path, relative)) return truncate();
  Lock lock;
  CountChange();
  const int done = truncate();
  if (done == 0) Put(Kind::kTruncate, 0, static_cast<std::uint64_t>(size), relative);
  return done;
}

int Rename(int from_at, const char* from, int to_at, const char* to) {
  return Two(Kind::kRename, from_at, from, to_at, to,
             [&] { return static_cast<int>(::syscall(SYS_renameat, from_at, from, to_at, to)); });
}

int Link(int from_at, const char* from, int to_at, const char* to, int flags) {
  return Two(Kind::kLink, from_at, from, to_at, to, [&] {
    return static_cast<int>(::syscall(SYS_linkat, from_at, from, to_at, to, flags));
  });
}

std::FILE* OpenStream(const char* name, const char* path, const char* mode) {
  auto* const open =
      reinterpret_cast<std::FILE* (*)(const char*, const char*)>(::dlsym(RTLD_NEXT, name));
  std::string relative;
  if (!Below(AT_FDCWD, path, relative)) return open(path, mode);
  Lock lock;
  const bool existed = Exists(AT_FDCWD, path);
  if (mode[0] != 'r') CountChange();
  std::FILE* const stream = open(path, mode);
  if (stream != nullptr) {
    Follow(::fileno(stream), relative, !existed, existed && mode[0] == 'w', mode[0] == 'a', true);
  }
  return stream;
}

void FollowStream(int fd) {
  Lock lock;
  FileOf(fd).through_stdio = true;
}

void Forget(int fd) {
  Lock lock;
  followed[static_cast<std::size_t>(fd)] = false;
}

void CatchUpStream(int fd) {
  Lock lock;
  CatchUp(fd);
}

}  // namespace larder::power_cut
