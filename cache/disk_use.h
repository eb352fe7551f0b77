// DiskUse: how much of the disk the cache takes, how much is left, and whether somebody should do
// something about it. Policy, but for FreeBytesOf. Thread-safety: values; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace larder {

enum class DiskState : std::uint8_t {
  kOk,
  kWarning,  // soon full, or larger than its limit
  kFull,     // nothing new is stored
};
// "ok", "warning", "full".
std::string_view DiskStateName(DiskState state);

struct DiskUse {
  std::uint64_t used_bytes = 0;   // of the cache database
  std::uint64_t limit_bytes = 0;  // cache.store.max_bytes; 0: none
  std::uint64_t free_bytes = 0;   // on the disk of the data directory; 0 when unknown
  std::uint64_t min_free_bytes = 0;
  std::uint64_t evicted_entries = 0;  // since the start
  std::uint64_t evicted_bytes = 0;
  DiskState state = DiskState::kOk;
  std::string message = {};  // a sentence that says what to do; empty while all is well
};

// The sizes with their state and message. `free` is nullopt when it is not known.
DiskUse Judge(DiskUse sizes, std::optional<std::uint64_t> free);

// Below this much room there is a warning, and old entries make room: four times what is kept free.
std::uint64_t WarningFreeBytes(std::uint64_t min_free_bytes);

// How many bytes of the database should go: down to nine tenths of the limit once it is passed, and
// up to a quarter above WarningFreeBytes free once the disk has less; but for the disk's sake the
// database keeps as much as that itself, for others may be filling it. 0: all is well.
std::uint64_t ExcessOf(const DiskUse& use);

// Room on the disk that holds `path`; nullopt when it cannot be told.
std::optional<std::uint64_t> FreeBytesOf(const std::string& path);

// "1.2 GiB", "256 MiB", "17 bytes".
std::string ShowBytes(std::uint64_t bytes);

}  // namespace larder
