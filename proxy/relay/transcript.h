// Transcript: one upstream answer as it arrives, read by any number of readers from its start, each
// at its own pace, and recorded. There is no pump: whichever reader has caught up pulls from the
// source.
//
// The transcript lives as long as a reader holds it; dropped before its end, the exchange behind it
// is cancelled and nothing is stored. While it can be recorded (up to record_limit_bytes) every
// byte is kept; beyond, only what the slowest reader still lacks, at most window_bytes ahead of it.
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/mutex.h"
#include "proxy/http/body.h"

namespace larder {

class Transcript : public std::enable_shared_from_this<Transcript> {
 public:
  struct Options {
    std::size_t record_limit_bytes = 25U << 20;
    std::size_t window_bytes = 1U << 20;
  };
  // Called with each piece as it arrives, in order.
  using OnBytes = std::function<void(std::string_view)>;
  // Called once when the source has ended, before any reader learns of it: with the whole body when
  // it is complete and within the limit, with nullopt when it broke off or is too large. Not called
  // when the transcript is dropped first. Both run on a reader's thread under the transcript's
  // lock: be quick.
  using OnEnd = std::function<void(std::optional<std::string_view> whole)>;

  Transcript(std::shared_ptr<BodySource> source, Options options, OnBytes on_bytes, OnEnd on_end);
  ~Transcript();
  Transcript(const Transcript&) = delete;
  Transcript& operator=(const Transcript&) = delete;

  // A reader from the first byte; nullptr when the first bytes are gone (too large to record).
  std::shared_ptr<BodySource> NewReader();

 private:
  class Reader;

  ReadState Read(Reader& reader, std::size_t max_bytes, std::string& out);
  // Appends what the source has; kData when there is something new.
  ReadState Pull() LARDER_REQUIRES(mutex_);
  void TrimBehindReaders() LARDER_REQUIRES(mutex_);
  bool WindowIsFull() const LARDER_REQUIRES(mutex_);
  void Forget(Reader& reader);
  void WakeReaders(const Reader* but);

  const Options options_;
  const std::shared_ptr<BodySource>
      source_;  // owned by this alone; shared_ptr because replies hand it out so
  OnBytes on_bytes_;
  OnEnd on_end_;

  Mutex mutex_;
  std::string bytes_ LARDER_GUARDED_BY(mutex_);
  std::uint64_t base_ LARDER_GUARDED_BY(mutex_) = 0;  // position of bytes_[0] in the body
  bool recording_ LARDER_GUARDED_BY(mutex_) = true;
  ReadState state_ LARDER_GUARDED_BY(mutex_) = ReadState::kWait;
  std::optional<Error> error_ LARDER_GUARDED_BY(mutex_);
  std::unordered_map<Reader*, std::uint64_t> positions_ LARDER_GUARDED_BY(mutex_);

  // Held while wakers run; taken after the source's waker lock, never together with mutex_.
  Mutex wakers_mutex_;
  std::unordered_map<const Reader*, std::function<void()>> wakers_ LARDER_GUARDED_BY(wakers_mutex_);
};

}  // namespace larder
