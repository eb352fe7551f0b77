// What of a disk's cache is there after a power cut. Pure functions of the disk and a seed.
//
// Whatever was synced is there. Of the rest any part may be: each page of 4 KiB as it was after one
// of its writes, some torn between sectors of 512 bytes, the size of a file as it was at one time
// or another, and of the names
//   kStrict  each change by itself, once its directory was not synced after it (POSIX promises no
//   more); kExt4    all changes up to some moment, and those before any sync whatever; a file that
//   is appended to
//            is not longer than what is there of it; a file that is renamed over another is whole
//            (ext4 in its default mode, data=ordered, auto_da_alloc).
#pragma once

#include <cstdint>

#include "tests/endurance/power_cut/disk.h"

namespace larder::power_cut {

enum class Model { kStrict, kExt4 };

// Lets `disk` be what is left: the entries of its directories and the content of its files. chance:
// how likely it is that something is there that was not synced, in [0, 1].
void CutPower(Disk& disk, Model model, std::uint64_t seed, double chance);
// The same with a chance that the seed decides; all and nothing are frequent.
void CutPower(Disk& disk, Model model, std::uint64_t seed);

}  // namespace larder::power_cut
