#include "cache/rocksdb_file_guard.h"

#include <fcntl.h>
#include <rocksdb/file_system.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace larder {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using GuardPointer = std::shared_ptr<FileGuard>;  // owned by the store and by every open file

IOStatus Stopped() {
  return IOStatus::IOError("an earlier write failed");
}

// Keeps a failure from RocksDB.
IOStatus Judged(FileGuard& guard, const IOStatus& status) {
  if (!status.ok()) guard.Trip(status.ToString());
  return IOStatus::OK();
}

class GuardedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  GuardedFile(std::unique_ptr<rocksdb::FSWritableFile> file, GuardPointer guard)
      : FSWritableFileOwnerWrapper(std::move(file)), guard_(std::move(guard)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* dbg) override {
    return Do([&] { return target()->Append(data, options, dbg); });
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& info, IODebugContext* dbg) override {
    return Do([&] { return target()->Append(data, options, info, dbg); });
  }
  IOStatus PositionedAppend(const Slice& data, uint64_t offset, const IOOptions& options,
                            IODebugContext* dbg) override {
    return Do([&] { return target()->PositionedAppend(data, offset, options, dbg); });
  }
  IOStatus PositionedAppend(const Slice& data, uint64_t offset, const IOOptions& options,
                            const rocksdb::DataVerificationInfo& info,
                            IODebugContext* dbg) override {
    return Do([&] { return target()->PositionedAppend(data, offset, options, info, dbg); });
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* dbg) override {
    return Do([&] { return target()->Truncate(size, options, dbg); });
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* dbg) override {
    return Do([&] { return target()->Flush(options, dbg); });
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* dbg) override {
    return Do([&] { return target()->Sync(options, dbg); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* dbg) override {
    return Do([&] { return target()->Fsync(options, dbg); });
  }
  IOStatus RangeSync(uint64_t offset, uint64_t bytes, const IOOptions& options,
                     IODebugContext* dbg) override {
    return Do([&] { return target()->RangeSync(offset, bytes, options, dbg); });
  }
  // Done in any case: it gives the descriptor back.
  IOStatus Close(const IOOptions& options, IODebugContext* dbg) override {
    return Judged(*guard_, target()->Close(options, dbg));
  }

 private:
  template <typename Call>
  IOStatus Do(Call call) {
    return guard_->tripped() ? IOStatus::OK() : Judged(*guard_, call());
  }

  const GuardPointer guard_;
};

// RocksDB's own log. The library's goes through a file that must not be written again once it has
// failed, too; this one drops the lines that cannot be written.
class DroppingLogger final : public rocksdb::Logger {
 public:
  explicit DroppingLogger(int fd) : fd_(fd) {}
  ~DroppingLogger() override { ::close(fd_); }

  using Logger::Logv;
  void Logv(const char* format, va_list values) override {
    timeval now{};
    ::gettimeofday(&now, nullptr);
    tm day{};
    ::gmtime_r(&now.tv_sec, &day);
    char line[kMostBytes];
    std::size_t size = std::strftime(line, sizeof(line), "%Y/%m/%d-%H:%M:%S", &day);
    const auto add = [&](int added) {
      // What did not fit is cut; the last byte is for the end of the line.
      if (added > 0) size = std::min(size + static_cast<std::size_t>(added), sizeof(line) - 1);
    };
    add(std::snprintf(line + size, sizeof(line) - size, ".%06ld ", static_cast<long>(now.tv_usec)));
    add(std::vsnprintf(line + size, sizeof(line) - size, format, values));
    if (line[size - 1] != '\n') line[size++] = '\n';
    const ssize_t written = ::write(fd_, line, size);
    if (written > 0) bytes_ += static_cast<std::size_t>(written);
  }
  std::size_t GetLogFileSize() const override { return bytes_; }

 private:
  static constexpr std::size_t kMostBytes = 4096;

  const int fd_;
  std::atomic<std::size_t> bytes_{0};
};

class GuardedDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  GuardedDirectory(std::unique_ptr<rocksdb::FSDirectory> directory, GuardPointer guard)
      : FSDirectoryWrapper(directory.get()),
        directory_(std::move(directory)),
        guard_(std::move(guard)) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* dbg) override {
    return guard_->tripped() ? IOStatus::OK() : Judged(*guard_, directory_->Fsync(options, dbg));
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* dbg,
                               const rocksdb::DirFsyncOptions& what) override {
    return guard_->tripped() ? IOStatus::OK()
                             : Judged(*guard_, directory_->FsyncWithDirOptions(options, dbg, what));
  }

 private:
  const std::unique_ptr<rocksdb::FSDirectory> directory_;
  const GuardPointer guard_;
};

class GuardedFiles final : public rocksdb::FileSystemWrapper {
 public:
  using FilePointer = std::unique_ptr<rocksdb::FSWritableFile>;

  explicit GuardedFiles(GuardPointer guard)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), guard_(std::move(guard)) {}
  const char* Name() const override { return "larder.guard"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options, FilePointer* file,
                           IODebugContext* dbg) override {
    return Made(file, [&] { return target()->NewWritableFile(name, options, file, dbg); });
  }
  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& options,
                              FilePointer* file, IODebugContext* dbg) override {
    return Made(file, [&] { return target()->ReopenWritableFile(name, options, file, dbg); });
  }
  IOStatus ReuseWritableFile(const std::string& name, const std::string& old,
                             const FileOptions& options, FilePointer* file,
                             IODebugContext* dbg) override {
    return Made(file, [&] { return target()->ReuseWritableFile(name, old, options, file, dbg); });
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* directory,
                        IODebugContext* dbg) override {
    IOStatus status = target()->NewDirectory(name, options, directory, dbg);
    if (status.ok()) *directory = std::make_unique<GuardedDirectory>(std::move(*directory), guard_);
    return status;
  }
  IOStatus NewLogger(const std::string& name, const IOOptions& /*options*/,
                     std::shared_ptr<rocksdb::Logger>* logger, IODebugContext* /*dbg*/) override {
    const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return IOStatus::IOError("cannot open " + name + ": " + std::strerror(errno));
    *logger = std::make_shared<DroppingLogger>(fd);
    return IOStatus::OK();
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions& options,
                      IODebugContext* dbg) override {
    return guard_->tripped() ? IOStatus::OK() : target()->DeleteFile(name, options, dbg);
  }
  IOStatus Truncate(const std::string& name, size_t size, const IOOptions& options,
                    IODebugContext* dbg) override {
    return Changed([&] { return target()->Truncate(name, size, options, dbg); });
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* dbg) override {
    return Changed([&] { return target()->RenameFile(from, to, options, dbg); });
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                    IODebugContext* dbg) override {
    return Changed([&] { return target()->LinkFile(from, to, options, dbg); });
  }

 private:
  // What RocksDB may be told of.
  template <typename Call>
  IOStatus Changed(Call call) {
    if (guard_->tripped()) return Stopped();
    IOStatus status = call();
    if (!status.ok()) guard_->Trip(status.ToString());
    return status;
  }
  template <typename Call>
  IOStatus Made(FilePointer* file, Call call) {
    IOStatus status = Changed(call);
    if (status.ok()) *file = std::make_unique<GuardedFile>(std::move(*file), guard_);
    return status;
  }

  const GuardPointer guard_;
};

}  // namespace

std::string FileGuard::reason() const {
  MutexLock lock(mutex_);
  return reason_;
}

void FileGuard::Trip(const std::string& reason) {
  MutexLock lock(mutex_);
  if (tripped_.load(std::memory_order_relaxed)) return;
  reason_ = reason;
  tripped_.store(true, std::memory_order_release);
}

std::unique_ptr<rocksdb::Env> NewGuardedEnv(const std::shared_ptr<FileGuard>& guard) {
  return rocksdb::NewCompositeEnv(std::make_shared<GuardedFiles>(guard));
}

}  // namespace larder
