// The recorder: loaded into a process by LD_PRELOAD, it writes down what the process does to the
// files below a directory (journal.h). Syncs are not carried out: they only take a while, as on a
// disk.
//
//   POWER_CUT_ROOT     the directory, absolute
//   POWER_CUT_JOURNAL  where the journal goes, outside of it
//   POWER_CUT_AT       before so many-th change the process kills itself; 0: never
//   POWER_CUT_SYNC_US  the longest that a sync takes
//
// One lock is held over each change and its record, so that their order is one. What it cannot
// follow (writable shared mappings, sendfile into a file) ends the process with a sentence. Of
// files written through stdio it reads back what has been flushed; whatever goes unseen that way
// counts as not durable, which it may be.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "tests/endurance/power_cut/journal.h"

namespace larder::power_cut {

// Ends the process.
[[noreturn]] void Give(const char* sentence);

// Whether `fd` is open below the directory.
bool IsFollowed(int fd);
std::uint64_t SizeOf(int fd);

// Each does what its namesake does and, below the directory, writes it down.
int Open(int at, const char* path, int flags, unsigned mode);
int Close(int fd);
int Sync(int fd);  // of a followed one; carries nothing out
int Resize(int fd, off_t size);
int ResizeNamed(const char* path, off_t size);
int Remove(int at, const char* path, int flags);
int MakeDirectory(int at, const char* path, mode_t mode);
int Rename(int from_at, const char* from, int to_at, const char* to);
int Link(int from_at, const char* from, int to_at, const char* to, int flags);

// A write to a followed `fd`. offset: negative for the file's own position.
ssize_t Write(int fd, std::string_view bytes, off_t offset);

// Of streams: `name` is the function of libc that opens it.
std::FILE* OpenStream(const char* name, const char* path, const char* mode);
void FollowStream(int fd);
// Puts what was flushed since into the journal.
void CatchUpStream(int fd);
// Before libc closes it.
void Forget(int fd);

}  // namespace larder::power_cut
