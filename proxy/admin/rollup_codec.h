// The payload of a kRollup record, and how closed periods are held in memory: compactly, and in a
// bounded number of bytes. docs/on_disk_format.md gives the grammar. Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/admin/rollup.h"

namespace larder {

// No more than 16 KiB, or `max_bytes` where that is more: the rows with the fewest requests count
// in "(other)" until the rest has room.
std::string EncodeRollup(const Rollup& rollup, std::size_t max_bytes);

// nullopt when the payload is not a roll-up, or of a version this build does not know. Of version
// 1, which had neither models nor partitions, everything is in a row "(other)" of route "other".
std::optional<Rollup> DecodeRollup(std::string_view payload);

}  // namespace larder
