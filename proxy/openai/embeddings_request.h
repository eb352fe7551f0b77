// The embeddings request (POST /v1/embeddings), taken apart into inputs that are cached one by one.
// Source: OpenAI API reference, "Create embeddings". Thread-safety: values; pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cache/key.h"
#include "proxy/json/json.h"

namespace larder {

inline constexpr std::size_t kMaxEmbeddingInputs = 2048;
// Members without effect on the vectors.
inline constexpr std::array<std::string_view, 4> kNotInEmbeddingKey = {
    "encoding_format", "user", "safety_identifier", "metadata"};

enum class EncodingFormat { kFloat, kBase64 };

struct EmbeddingInput {
  InputKind kind = InputKind::kText;
  std::string key_bytes;  // the text's UTF-8 bytes, or the tokens as little-endian int64
  std::string json;       // as it goes upstream inside the input array
  std::size_t weight =
      1;  // its share of a batch's tokens: token count, or bytes of text; at least 1
};

struct EmbeddingsRequest {
  std::string model;
  std::string dimensions;  // decimal; empty when absent
  EncodingFormat encoding = EncodingFormat::kFloat;
  // Canonical JSON of the fields that count for the key beside the above; "{}" when there are none.
  std::string extra;
  // The "model" that goes upstream in the body; absent where the path alone names it (Azure).
  std::optional<std::string> body_model;
  // Members to forward beside "input" and "model": "\"encoding_format\":\"base64\"".
  std::string forwarded_members;
  std::vector<EmbeddingInput> inputs;  // in request order, 1 to kMaxEmbeddingInputs
};

// `model_in_path` stands in for "model" where the path names it (Azure); empty otherwise.
// Errors: kInvalidArgument with the field at fault in `param`.
Result<EmbeddingsRequest> ParseEmbeddingsRequest(std::string_view body,
                                                 std::string_view model_in_path = {});

// EmbeddingsRequest::extra of a request's body.
std::string ExtraOf(JsonElement root);

// The same request for a model that upstream knows by another name.
EmbeddingsRequest WithModel(const EmbeddingsRequest& request, const std::string& model);

// The body that asks upstream for the inputs with these positions, in that order.
std::string RenderUpstreamEmbeddings(const EmbeddingsRequest& request,
                                     const std::vector<std::size_t>& positions);

}  // namespace larder
