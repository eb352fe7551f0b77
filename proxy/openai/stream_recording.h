// StreamRecording: watches a streamed answer pass by and makes an entry of it at its proper end. It
// lives in a Transcript's callbacks and is gone with the transcript when nobody reads to the end:
// nothing is stored then. Thread-safety: none; a transcript calls one at a time.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "cache/response_cache.h"
#include "proxy/openai/response_policy.h"
#include "proxy/openai/sse_scanner.h"

namespace larder {

class StreamRecording {
 public:
  // `entry` lacks body, tokens, id and stored-at. Not `storable`: it is watched for its usage
  // alone. Beyond `limit_bytes` it is not even watched.
  StreamRecording(Endpoint endpoint, ResponseEntry entry, bool storable, std::size_t limit_bytes)
      : endpoint_(endpoint),
        scanner_(endpoint),
        entry_(std::move(entry)),
        storable_(storable),
        limit_bytes_(limit_bytes) {}

  void OnBytes(std::string_view bytes);
  // The entry, when `whole` is the body of a stream that is fit to be stored; nullptr otherwise.
  ResponsePointer Commit(std::optional<std::string_view> whole, WallTime now);

  // What upstream charged, as far as it told.
  std::int64_t billed_tokens() const;
  // Of these, what the model wrote.
  std::int64_t billed_completion() const;

 private:
  const Endpoint endpoint_;
  SseScanner scanner_;
  ResponseEntry entry_;
  bool storable_;
  bool watched_ = true;
  const std::size_t limit_bytes_;
  std::size_t seen_bytes_ = 0;
};

}  // namespace larder
