// Open descriptors: each connection takes one. Thread-safe.
#pragma once

#include <cstdint>

namespace larder {

// Raises this process's soft limit to its hard one, as servers do (the soft one, often 1024, is for
// programs that select()). Returns what is allowed now.
std::uint64_t RaiseDescriptorLimit();

}  // namespace larder
