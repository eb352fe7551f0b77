// AcknowledgedSequence: a file that remembers how far a database has acknowledged its writes, so
// that a database which opens without some of them is noticed: no recovery mode sees a log that was
// cut between two records, or removed.
//
// It is written behind each write and never synced: a killed process loses nothing of it, a power
// cut may leave an older number, which is then merely a weaker check. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/mutex.h"

namespace larder {

class AcknowledgedSequence {
 public:
  // The number in the file; nullopt when there is no such file, or it is not one of these.
  static std::optional<std::uint64_t> Read(const std::string& path);

  // Opens or makes the file. What cannot be opened is not written: the check is then left out.
  explicit AcknowledgedSequence(const std::string& path);
  ~AcknowledgedSequence();
  AcknowledgedSequence(const AcknowledgedSequence&) = delete;
  AcknowledgedSequence& operator=(const AcknowledgedSequence&) = delete;

  // Writes `sequence` unless a larger one was. Holds its lock over a write of 16 bytes into the
  // page cache. A disk that refuses it leaves the older number.
  void Raise(std::uint64_t sequence);
  // The largest so far, whether or not it could be written.
  std::uint64_t highest() const;

 private:
  int fd_ = -1;
  mutable Mutex mutex_;
  std::uint64_t written_ LARDER_GUARDED_BY(mutex_) = 0;
  std::uint64_t highest_ LARDER_GUARDED_BY(mutex_) = 0;
};

}  // namespace larder
