// NoThrow: the edge of vector/, where exceptions become errors.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "base/mutex.h"
#include "base/result.h"

// Of a lambda whose locks its maker holds: clang looks into lambdas without them.
#define LARDER_LOCKED_AROUND LARDER_ANNOTATE(no_thread_safety_analysis)

namespace larder {

// Calls `body`, which returns a Status or a Result, and answers what it answers; an exception
// becomes an error of origin kIndex: std::bad_alloc kOverloaded, anything else kInternal.
template <typename Body>
auto NoThrow(Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::kOverloaded, ErrorOrigin::kIndex,
                 "the vector index was refused memory: store fewer vectors or add memory"};
  } catch (const std::exception& failure) {
    return Error{ErrorCode::kInternal, ErrorOrigin::kIndex,
                 std::string("the vector index failed: ") + failure.what()};
  } catch (...) {
    return Error{ErrorCode::kInternal, ErrorOrigin::kIndex,
                 "the vector index failed: the accept function threw"};
  }
}

}  // namespace larder
