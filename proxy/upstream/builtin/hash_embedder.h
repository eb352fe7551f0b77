// HashEmbedder: text to a unit vector by feature hashing, so that Larder can be tried, tested and
// searched without a provider. It measures overlap of words, not meaning.
//
// Features: stems of words, pairs of neighbouring stems, and 3- to 5-grams of characters inside
// each word with its boundaries. A feature seen tf times adds sign * weight * sqrt(tf) to one
// bucket; words weigh more than pairs, pairs more than characters. Stop words count only in a text
// of nothing else, and a text without any word is one feature whole. Source: Weinberger et al.,
// "Feature Hashing for Large Scale Multitask Learning", arXiv:0902.2206; the boundaries are
// fastText's (arXiv:1607.04606).
//
// The vector is part of the model's name: sums are integers, and the only floating-point operations
// are one square root and one division per component, so every machine gives the same bytes.
// Whoever changes them renames `larder-hash-384`, because stored vectors outlive the process.
// Thread-safety: immutable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace larder {

class HashEmbedder {
 public:
  static constexpr std::size_t kMaxDimensions = 384;

  // Precondition: `dimensions` in [1, kMaxDimensions]. Features are hashed straight into that many
  // buckets: a shorter vector is not a prefix of a longer one, and it loses no feature, only more
  // of them meet. Below about 64 dimensions unrelated texts come near.
  explicit HashEmbedder(std::size_t dimensions = kMaxDimensions);

  std::size_t dimensions() const { return dimensions_; }

  // dimensions() finite values of length 1 (within 1e-6), for every text: an empty one, or one
  // whose features cancel out, gives (1, 0, 0, ...). Texts that differ in case or punctuation only
  // agree. `text` is UTF-8; other bytes are taken as they come. About 15 us for 100 bytes and 0.15
  // s per MiB.
  std::vector<float> Embed(std::string_view text) const;

  // The same with each token id as a word: no stems, no stop words, no characters. It never agrees
  // with a text on purpose: [5] and "5" are unrelated.
  std::vector<float> EmbedTokens(std::span<const std::int64_t> tokens) const;

 private:
  std::size_t dimensions_;
};

// The hash behind the buckets: FNV-1a of 64 bits, then MurmurHash3's 64-bit finaliser.
std::uint64_t FeatureHash(std::string_view bytes);

}  // namespace larder
