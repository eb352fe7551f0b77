// What is kept of one embedded input: the vector, what it cost, and (apart, under the same key)
// where it belongs and its text. Grammar: docs/on_disk_format.md. Thread-safety: values; pure
// functions.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cache/kept_text.h"
#include "cache/key.h"
#include "cache/record.h"

namespace larder {

// A vector exactly as upstream sent it: float32 where every value fits, else all values as float64.
struct EmbeddingEntry {
  std::vector<float> float32;   // dim() finite values; empty when float64 is used
  std::vector<double> float64;  // dim() finite values; empty when float32 is used
  // What upstream reported for this input; -1 when it reported nothing.
  std::int64_t prompt_tokens = -1;
  std::int64_t total_tokens = -1;
  std::string model;  // as upstream named it in its reply
  // Upstream wrote its float32 values in their shortest form ("0.1"), not in full
  // ("0.10000000149011612"): they go out as they came.
  bool shortest_form = false;
  // Embedded only to search with: it answers like any other, but is not itself found by searches.
  bool query_only = false;
  RecordStamp stamp = {};
  KeptText floats_json = {};  // the values as a JSON array, once that has been asked for twice

  std::size_t dim() const { return float64.empty() ? float32.size() : float64.size(); }
  // The values rounded to float32, little-endian: what base64 encodes.
  std::vector<float> AsFloat32() const;
  // Memory held, for the tier's budget.
  std::size_t bytes() const {
    return sizeof(*this) + float32.size() * sizeof(float) + float64.size() * sizeof(double) +
           model.size();
  }
};

// Shared by the memory tier and the requests that answer from it.
using EmbeddingPointer = std::shared_ptr<const EmbeddingEntry>;

// Where an embedding belongs: for search, listing and purging.
struct InputRecord {
  std::string partition;
  std::string name_space;
  std::string upstream;
  std::string model;      // as asked for
  std::uint32_t dim = 0;  // of the stored vector
  InputKind kind = InputKind::kText;
  bool query_only = false;  // as EmbeddingEntry::query_only
  std::string input;        // the text, or the tokens as keyed; empty when inputs are not kept
};

std::string EncodeEmbedding(const EmbeddingEntry& entry);
// Errors: kCorruption.
Result<EmbeddingEntry> DecodeEmbedding(std::string_view bytes);

std::string EncodeInput(const InputRecord& record, const RecordStamp& stamp);
struct DecodedInput {
  InputRecord record;
  RecordStamp stamp;
};
// Errors: kCorruption.
Result<DecodedInput> DecodeInput(std::string_view bytes);

}  // namespace larder
