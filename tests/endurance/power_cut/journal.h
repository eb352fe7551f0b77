// The journal of a run: everything that a process did to the files below one directory, in order.
// The recorder (recorder.cc) writes it from within the process, power_cut (main.cc) makes of it
// what a power cut would have left. Native byte order; a journal never leaves its machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace larder::power_cut {

enum class Kind : std::uint32_t {
  kOpen,       // first: path; handle: the new one; offset: kCreated, kTruncated
  kWrite,      // handle, offset; the bytes
  kTruncate,   // handle or first: path; offset: the new size
  kSyncBegin,  // handle; offset: a number of this sync
  kSyncEnd,    // the same, once everything before kSyncBegin is durable
  kMkdir,      // first
  kRename,     // first to second
  kLink,       // second is another name of first
  kUnlink,     // first, a file
  kRmdir,      // first
};
inline constexpr std::uint64_t kCreated = 1;
inline constexpr std::uint64_t kTruncated = 2;

// What each record begins with; `first` and `second` bytes of paths relative to the directory
// follow, then `size` bytes.
struct Record {
  Kind kind = Kind::kOpen;
  std::uint32_t handle = 0;  // of an open file or directory, never used again; 0: none
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint32_t first = 0;
  std::uint32_t second = 0;
};

// A record up to its bytes, of which there are `size`.
inline std::string HeadOf(Kind kind, std::uint32_t handle, std::uint64_t offset,
                          std::string_view first, std::string_view second, std::uint64_t size) {
  const Record record{kind,
                      handle,
                      offset,
                      size,
                      static_cast<std::uint32_t>(first.size()),
                      static_cast<std::uint32_t>(second.size())};
  std::string head(reinterpret_cast<const char*>(&record), sizeof(record));
  return (head += first) += second;
}

}  // namespace larder::power_cut
