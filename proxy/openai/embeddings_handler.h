// POST /v1/embeddings: parse, embed through the cache, render in the form asked for. Thread-safe.
#pragma once

#include "proxy/http/message.h"
#include "proxy/openai/embeddings_service.h"

namespace larder {

class EmbeddingsHandler {
 public:
  EmbeddingsHandler(EmbeddingsService& service, const Clock& clock)
      : service_(service), clock_(clock) {}

  Response Handle(const Request& request, RequestContext& context);

 private:
  EmbeddingsService& service_;
  const Clock& clock_;
};

}  // namespace larder
