// A secret of a machine's own, kept in a file that its owner alone can read. Thread-safety: none.
#pragma once

#include <string>

#include "base/result.h"

namespace larder {

// The secret at `path`, of at least 32 bytes: read, or made at random (mode 0600) when there is
// none. `name` is what messages call it: "the partition key file".
// Errors: kIo, kCorruption (too short: says to restore or remove the file).
Result<std::string> ReadOrMakeSecret(const std::string& path, const std::string& name);

}  // namespace larder
