// TextEmbedder: texts of collections, and queries of searches, embedded through the cache. They are
// not themselves found by searches of what was embedded. Thread-safe.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "proxy/http/message.h"
#include "proxy/openai/embeddings_service.h"

namespace larder {

struct EmbeddedTexts {
  std::vector<std::vector<float>> vectors;  // one a text, in order; empty when refused
  std::int64_t tokens = 0;                  // as upstream reported them, now or once
  std::optional<Response> refusal;          // upstream's, to be passed on unchanged
};

class TextEmbedder {
 public:
  // `embeddings` outlives it.
  explicit TextEmbedder(EmbeddingsService& embeddings) : embeddings_(embeddings) {}

  // As a client's embeddings request with these would. `dimensions` goes upstream as it is. At
  // least one text, none empty. Fills context.status (of all texts together) and context.times.
  // Errors: those of EmbeddingsService::Embed.
  Result<EmbeddedTexts> Embed(const std::string& model, std::optional<std::size_t> dimensions,
                              std::span<const std::string_view> texts, const Headers& client,
                              RequestContext& context);

  // Vectors of just so many dimensions. A model is asked for its own number first and told another
  // one only when it differs: not every model can be told.
  // Errors: as above; kInvalidArgument when it gives other dimensions all the same.
  Result<EmbeddedTexts> EmbedFor(const std::string& model, std::size_t dimensions,
                                 std::span<const std::string_view> texts, const Headers& client,
                                 RequestContext& context);

 private:
  using Asked = std::pair<std::string, std::size_t>;  // a model, and how many dimensions are wanted

  std::optional<bool> MustTell(const Asked& asked);
  void Remember(const Asked& asked, bool must_tell);

  EmbeddingsService& embeddings_;
  Mutex mutex_;
  // Whether the model gives other dimensions unless it is told; forgotten when there are too many.
  std::map<Asked, bool> must_tell_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder
