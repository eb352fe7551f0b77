// A small number for each thread, in the order in which they first ask: for data of which each
// thread has a share, so that threads do not wait for one another. Thread-safe.
#pragma once

#include <cstddef>

namespace larder {

// The same for the whole life of the thread, and no other thread's.
std::size_t ThreadSlot();

}  // namespace larder
