// BuiltinUpstream: the provider behind Larder when no other is set up. Offline and free, it speaks
// OpenAI's API below the base path: POST /embeddings (`larder-hash-384`, see HashEmbedder),
// /chat/completions, /completions and /responses (`larder-echo`), /moderations, GET /models and
// /models/{id}. It is a stand-in: it embeds words rather than meaning, and answers with what was
// said.
//
// Bodies depend on nothing but the request: ids are hashes of it, `created` is a constant. Only
// `x-request-id` differs from call to call.
// Thread-safety: as Upstream.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "proxy/upstream/upstream.h"

namespace larder {

struct BuiltinOptions {
  // Pause between the events of a streamed answer; while it is not zero, each stream has a thread.
  std::chrono::milliseconds event_delay{0};
};

class BuiltinUpstream final : public Upstream {
 public:
  explicit BuiltinUpstream(BuiltinOptions options = {}) : options_(options) {}

  const std::string& name() const override { return name_; }

  // Answers in the caller's thread; a streamed body is rendered while it is read, one event per
  // TryRead. What a request gets wrong is a 400, 404, 405 or 413 with OpenAI's error object. The
  // query is ignored, and so are the headers: there is nobody to authenticate. Errors, all about
  // `body_source`: its own; kDeadlineExceeded when it has not ended after `first_byte_timeout`.
  // Also kOverloaded, when there is no memory to parse the body.
  Result<UpstreamReply> Send(UpstreamRequest request) override;

 private:
  Result<UpstreamReply> Answer(UpstreamRequest& request) const;

  const BuiltinOptions options_;
  const std::string name_ = "builtin";
  std::atomic<std::uint64_t> calls_{0};
};

}  // namespace larder
