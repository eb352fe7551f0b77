// BodySource: the bytes of a message body as they become available, pulled by whoever sends them
// on. The same seam carries a request body on its way up and a response body on its way down, so
// that a reader never holds more than it asked for and a slow reader slows its writer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace larder {

enum class ReadState {
  kData,    // bytes were appended
  kWait,    // nothing yet: the waker will be called
  kEnd,     // the body is complete: it ended as its framing said
  kFailed,  // the body broke off: error() says why; whoever relays it must break off too
};

// Thread-safety: one reader thread at a time; the waker is called from any thread.
class BodySource {
 public:
  virtual ~BodySource() = default;

  // Appends at most `max_bytes` (at least 1) to `out` without blocking. After kEnd or kFailed it
  // keeps returning the same.
  virtual ReadState TryRead(std::size_t max_bytes, std::string& out) = 0;
  // Called (from any thread, possibly at once) when a TryRead that returned kWait is worth
  // repeating. It must be quick and must not call the source. Replaces an earlier waker; an empty
  // one removes it, and after that call returns no earlier waker runs.
  virtual void SetWaker(std::function<void()> waker) = 0;
  // All of it at once, when nothing was read yet and it is whole already; the next TryRead is then
  // kEnd. Else nullopt, and nothing has changed.
  virtual std::optional<std::string> TakeWhole() { return std::nullopt; }
  // Why it broke off. Precondition: TryRead returned kFailed.
  virtual Error error() const = 0;
};

// A body that is already whole.
class StringBody final : public BodySource {
 public:
  explicit StringBody(std::string bytes) : bytes_(std::move(bytes)) {}
  ReadState TryRead(std::size_t max_bytes, std::string& out) override;
  void SetWaker(std::function<void()> /*waker*/) override {}
  std::optional<std::string> TakeWhole() override;
  Error error() const override { return InternalError("a whole body cannot break off"); }

 private:
  std::string bytes_;
  std::size_t position_ = 0;
};

// Blocks until the body has ended and returns it.
// Errors: the source's own; kTooLarge past `limit_bytes`; kDeadlineExceeded at `deadline`.
Result<std::string> ReadWhole(BodySource& source, std::size_t limit_bytes, MonoTime deadline);

// Blocks until bytes were appended, the body has ended or broke off (never returns kWait), or
// `deadline` passed (kFailed is not returned then: the result is an error with kDeadlineExceeded).
Result<ReadState> ReadSome(BodySource& source, std::size_t max_bytes, std::string& out,
                           MonoTime deadline);

}  // namespace larder
