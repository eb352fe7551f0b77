#include "app/damaged_caches.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "cache/disk_use.h"

namespace larder {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "cache.damaged-";

// When it was moved aside; 0 when its name does not say.
std::uint64_t MomentOf(const fs::path& path) {
  const std::string name = path.filename();
  std::uint64_t millis = 0;
  std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), millis);
  return millis;
}

std::uint64_t BytesIn(const fs::path& directory) {
  std::uint64_t sum = 0;
  std::error_code failed;
  for (fs::recursive_directory_iterator it(directory, failed), end; !failed && it != end;
       it.increment(failed)) {
    std::error_code vanished;
    const std::uintmax_t bytes = it->is_regular_file(vanished) ? it->file_size(vanished) : 0;
    if (!vanished) sum += bytes;
  }
  return sum;
}

}  // namespace

std::vector<std::string> DamagedCaches(const std::string& data_dir) {
  std::vector<fs::path> found;
  std::error_code failed;
  for (fs::directory_iterator it(data_dir, failed), end; !failed && it != end;
       it.increment(failed)) {
    if (it->path().filename().string().starts_with(kPrefix)) found.push_back(it->path());
  }
  std::sort(found.begin(), found.end(),
            [](const fs::path& a, const fs::path& b) { return MomentOf(a) < MomentOf(b); });
  return {found.begin(), found.end()};
}

void KeepDamagedCaches(const std::string& data_dir, std::uint64_t keep, Log& log) {
  std::vector<std::string> found = DamagedCaches(data_dir);
  while (keep > 0 && found.size() > keep) {
    std::error_code failed;
    fs::remove_all(found.front(), failed);
    if (failed) break;
    log.Warning("the oldest damaged cache database was removed (cache.store.keep_damaged)",
                {{"removed", found.front()}});
    found.erase(found.begin());
  }
  if (found.empty()) return;
  std::uint64_t bytes = 0;
  for (const std::string& path : found) bytes += BytesIn(path);
  log.Warning(
      "damaged cache databases lie in the data directory: remove them when nobody needs them, or "
      "set cache.store.keep_damaged",
      {{"directories", static_cast<std::uint64_t>(found.size())}, {"size", ShowBytes(bytes)}});
}

}  // namespace larder
