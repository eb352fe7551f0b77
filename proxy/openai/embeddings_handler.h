// POST /v1/embeddings: parse, embed through the cache, render in the form asked for. Thread-safe.
#pragma once

#include "proxy/http/message.h"
#include "proxy/http/off_loop.h"
#include "proxy/openai/embeddings_service.h"

namespace larder {

class EmbeddingsHandler {
 public:
  // Inputs of a request that is worked off on a loop; more are worked off elsewhere.
  static constexpr std::size_t kMaxLoopInputs = 16;

  // All outlive the handler.
  EmbeddingsHandler(EmbeddingsService& service, const Clock& clock, const OffLoop& off_loop)
      : service_(service), clock_(clock), off_loop_(off_loop) {}

  Response Handle(const Request& request, RequestContext& context);

 private:
  Response Answer(const EmbeddingsRequest& parsed, const Request& request, RequestContext& context);

  EmbeddingsService& service_;
  const Clock& clock_;
  const OffLoop& off_loop_;
};

}  // namespace larder
