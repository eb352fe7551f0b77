// Result<T> and Status: how every layer reports failure. A value or an Error, never both.
//
// Absent is not an error (use std::optional), and an upstream's 4xx or 5xx is a value. No exception
// crosses a module: a library that throws is caught in the .cc that wraps it.
// Thread-safety: as int; values may be moved between threads, not shared while written.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace larder {

// What the caller can do about it decides the code.
enum class ErrorCode {
  kInvalidArgument,   // change the request
  kUnauthenticated,   // send a (valid) credential
  kForbidden,         // this caller may not, whatever it sends
  kNotFound,          // ask for something that exists
  kMethodNotAllowed,  // use another method
  kTooLarge,          // send less
  kRateLimited,       // send slower
  kOverloaded,        // retry later; this server is full
  kDeadlineExceeded,  // retry; it took too long
  kUnavailable,       // retry; the peer could not be reached or went away
  kInvalidReply,      // the peer answered something that is not an answer
  kNotCached,         // only-if-cached, and there was no entry
  kLoop,              // the request came back to where it started
  kCorruption,        // stored bytes are not what was written
  kIo,                // the disk or the system refused
  kCancelled,         // the caller went away
  kInternal,          // a defect in Larder
};

// Who caused it.
enum class ErrorOrigin { kDownstream, kUpstream, kStore, kIndex, kSelf };

// The lower-case, hyphenated name of a code ("deadline-exceeded"); never empty.
std::string_view ErrorCodeName(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  ErrorOrigin origin = ErrorOrigin::kSelf;
  // A sentence that says what would fix it. Never prompt text, vectors or credentials.
  std::string message;
  // The request field at fault, when there is one ("input[3]"); empty otherwise.
  std::string param = {};
};

class [[nodiscard]] Status {
 public:
  Status() = default;                                // success
  Status(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return !error_.has_value(); }
  const Error& error() const {
    assert(!ok());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  // Precondition of value(): ok(). Precondition of error(): !ok().
  T& value() & {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    assert(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  const Error& error() const {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }

 private:
  std::variant<T, Error> state_;
};

inline Error InvalidArgument(std::string message, std::string param = {}) {
  return Error{ErrorCode::kInvalidArgument, ErrorOrigin::kDownstream, std::move(message),
               std::move(param)};
}
inline Error UpstreamError(ErrorCode code, std::string message) {
  return Error{code, ErrorOrigin::kUpstream, std::move(message)};
}
inline Error StoreError(ErrorCode code, std::string message) {
  return Error{code, ErrorOrigin::kStore, std::move(message)};
}
inline Error InternalError(std::string message) {
  return Error{ErrorCode::kInternal, ErrorOrigin::kSelf, std::move(message)};
}

#define LARDER_CONCAT_INNER(a, b) a##b
#define LARDER_CONCAT(a, b) LARDER_CONCAT_INNER(a, b)

// Returns the error of a Status expression to the caller, or goes on.
#define LARDER_RETURN_IF_ERROR(expr)            \
  do {                                          \
    if (auto status_ = (expr); !status_.ok()) { \
      return status_.error();                   \
    }                                           \
  } while (false)

// LARDER_ASSIGN_OR_RETURN(auto x, MakeX()): declares x from the value, or returns the error.
#define LARDER_ASSIGN_OR_RETURN(decl, expr) \
  LARDER_ASSIGN_OR_RETURN_IMPL(LARDER_CONCAT(result_, __LINE__), decl, expr)
#define LARDER_ASSIGN_OR_RETURN_IMPL(tmp, decl, expr) \
  auto tmp = (expr);                                  \
  if (!tmp.ok()) return tmp.error();                  \
  decl = std::move(tmp).value()

}  // namespace larder
