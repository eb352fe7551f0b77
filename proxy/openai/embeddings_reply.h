// The embeddings reply: upstream's is checked and taken apart, Larder's is put together.
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cache/embedding_record.h"
#include "proxy/json/json.h"
#include "proxy/openai/embeddings_request.h"

namespace larder {

struct ParsedEmbeddings {
  std::vector<EmbeddingEntry> entries;  // one an input, in the order they were sent; stamps not set
  std::string model;
  std::int64_t prompt_tokens = -1;  // of the whole reply; -1 when it reports none
  std::int64_t total_tokens = -1;
};

// Takes apart the answer to a request for `weights.size()` inputs. Values become float32 where all
// of a vector's values are float32 (all written in full, or all in their shortest form), float64
// otherwise, so that each goes out as the number that came. Items are ordered by their `index`;
// without any `index`, by their place. Usage is split over the inputs in proportion to `weights`,
// so that the parts add up exactly. Errors: kInvalidReply when it is not JSON, the count differs,
// the indexes are no permutation, the dimensions differ, a value is not a finite number, or a
// vector is empty.
Result<ParsedEmbeddings> ParseEmbeddingsReply(std::string_view body,
                                              const std::vector<std::size_t>& weights);

// A vector written as a list of numbers, stored as above: its values alone are set.
// Errors: kInvalidArgument (a value that is not a finite number, no value).
Result<EmbeddingEntry> ParseFloats(JsonArray values);

// Larder's reply: `entries` in request order, in the form asked for. `usage` is the sum of what the
// entries cost; left out when upstream never reported any.
std::string RenderEmbeddingsReply(const std::vector<EmbeddingPointer>& entries,
                                  EncodingFormat encoding);

// The same behind what stands in `out`.
void AppendEmbeddingsReply(const std::vector<EmbeddingPointer>& entries, EncodingFormat encoding,
                           std::string& out);
// The values of one as a JSON array.
void AppendFloats(const EmbeddingEntry& entry, std::string& out);
// At most so long it is, or a little longer.
std::size_t EmbeddingsReplyBytes(const std::vector<EmbeddingPointer>& entries,
                                 EncodingFormat encoding);

// `total` in parts proportional to `weights` (each at least 1) that add up to it exactly: largest
// remainder first, ties to the earlier.
std::vector<std::int64_t> SplitExactly(std::int64_t total, const std::vector<std::size_t>& weights);

}  // namespace larder
