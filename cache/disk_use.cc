#include "cache/disk_use.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace larder {

std::string_view DiskStateName(DiskState state) {
  switch (state) {
    case DiskState::kOk:
      return "ok";
    case DiskState::kWarning:
      return "warning";
    case DiskState::kFull:
      return "full";
  }
  return "full";
}

std::uint64_t WarningFreeBytes(std::uint64_t min_free_bytes) {
  return 4 * min_free_bytes;
}

DiskUse Judge(DiskUse sizes, std::optional<std::uint64_t> free) {
  sizes.free_bytes = free.value_or(0);
  const std::string room =
      ShowBytes(sizes.free_bytes) + " free on the disk of the data directory, ";
  const std::string remedy = ": free space on it, or lower cache.store.max_bytes";
  if (free && *free < sizes.min_free_bytes) {
    sizes.state = DiskState::kFull;
    sizes.message = room + "less than the " + ShowBytes(sizes.min_free_bytes) +
                    " that are kept free; nothing new is cached" + remedy;
  } else if (free && *free < WarningFreeBytes(sizes.min_free_bytes)) {
    sizes.state = DiskState::kWarning;
    sizes.message = room + "caching stops at " + ShowBytes(sizes.min_free_bytes) + remedy;
  } else if (sizes.limit_bytes > 0 && sizes.used_bytes > sizes.limit_bytes) {
    sizes.state = DiskState::kWarning;
    sizes.message = "the cache database takes " + ShowBytes(sizes.used_bytes) + ", more than the " +
                    ShowBytes(sizes.limit_bytes) +
                    " of cache.store.max_bytes: the oldest entries go at the next eviction; raise "
                    "the limit if this stays";
  } else {
    sizes.state = DiskState::kOk;
    sizes.message.clear();
  }
  return sizes;
}

std::uint64_t ExcessOf(const DiskUse& use) {
  std::uint64_t excess = 0;
  if (use.limit_bytes > 0 && use.used_bytes > use.limit_bytes) {
    excess = use.used_bytes - use.limit_bytes / 10 * 9;
  }
  const std::uint64_t mark = WarningFreeBytes(use.min_free_bytes);
  if (use.free_bytes > 0 && use.free_bytes < mark && use.used_bytes > mark) {
    excess = std::max(excess, std::min(use.used_bytes - mark, mark + mark / 4 - use.free_bytes));
  }
  return excess;
}

std::optional<std::uint64_t> FreeBytesOf(const std::string& path) {
  std::error_code failed;
  const auto space = std::filesystem::space(path, failed);
  if (failed) return std::nullopt;
  return space.available;
}

std::string ShowBytes(std::uint64_t bytes) {
  static constexpr std::string_view kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  const auto tenths = static_cast<std::uint64_t>(std::llround(value * 10));
  std::string text = std::to_string(tenths / 10);
  if (unit > 0 && tenths < 100 && tenths % 10 != 0) text += "." + std::to_string(tenths % 10);
  return text + " " + std::string(kUnits[unit]);
}

}  // namespace larder
