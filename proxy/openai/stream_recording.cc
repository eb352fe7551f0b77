#include "proxy/openai/stream_recording.h"

#include <algorithm>

#include "proxy/openai/response_id.h"

namespace larder {

void StreamRecording::OnBytes(std::string_view bytes) {
  seen_bytes_ += bytes.size();
  // The scanner must not gather a line without end.
  if (watched_ && seen_bytes_ > limit_bytes_) {
    watched_ = false;
    scanner_ = SseScanner(endpoint_);
  }
  if (watched_) scanner_.Feed(bytes);
}

std::int64_t StreamRecording::billed_tokens() const {
  return std::max<std::int64_t>(scanner_.prompt_tokens(), 0) + billed_completion();
}

std::int64_t StreamRecording::billed_completion() const {
  return std::max<std::int64_t>(scanner_.completion_tokens(), 0);
}

ResponsePointer StreamRecording::Commit(std::optional<std::string_view> whole, WallTime now) {
  if (!whole || !storable_ || !watched_ || !scanner_.terminated() || scanner_.failed() ||
      !scanner_.answered()) {
    return nullptr;
  }
  entry_.is_stream = true;
  entry_.body = *whole;
  entry_.prompt_tokens = scanner_.prompt_tokens();
  entry_.completion_tokens = scanner_.completion_tokens();
  if (endpoint_ == Endpoint::kResponses) entry_.response_id = ResponseIdOf(*whole, true);
  entry_.stamp.stored_at = now;
  return std::make_shared<const ResponseEntry>(std::move(entry_));
}

}  // namespace larder
