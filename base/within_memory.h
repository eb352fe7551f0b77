// WithinMemory: the edge at which memory that was refused becomes an error, so that a thread which
// works for many goes on with the next. Thread-safe.
#pragma once

#include <new>

#include "base/result.h"

namespace larder {

inline Error MemoryRefused() {
  return Error{ErrorCode::kOverloaded, ErrorOrigin::kSelf,
               "the server was refused memory: give it more, or have it keep less"};
}

// Calls `body`, which returns a Status or a Result, and answers what it answers; std::bad_alloc
// becomes kOverloaded.
template <typename Body>
auto WithinMemory(Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return MemoryRefused();
  }
}

}  // namespace larder
