// Tells a RocksDB log whose last write was torn by a power cut from one that is damaged. Pages of a
// write that was under way reach the disk in any order: its beginning may be missing where its end
// is there, which RocksDB's recovery takes for damage. Only one write is under way at a time where
// each is synced, so a log is merely torn when nothing that was written later is to be found behind
// its first bad record. Source: RocksDB's format of logs (db/log_format.h of 7.8), without
// recycling and compression. Thread-safety: pure functions of the files.
#pragma once

#include <filesystem>
#include <string_view>

namespace larder {

// What a log's bytes are.
enum class LogState {
  kWhole,    // every record to its end
  kTorn,     // the last one is bad, and no other begins behind it
  kDamaged,  // a bad one that others follow
};
LogState StateOfLog(std::string_view bytes);

// True when the newest of the logs of a database is torn and all others are whole. Cost: reads
// them. False when they cannot be read.
bool EndsInTornWrite(const std::filesystem::path& directory);

}  // namespace larder
