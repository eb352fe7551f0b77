#include "proxy/upstream/builtin/hash_embedder.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <string>

#include "base/bytes.h"
#include "proxy/upstream/builtin/words.h"

namespace larder {
namespace {

constexpr std::uint64_t kEmptyHash = 0xCBF29CE484222325U;
constexpr std::size_t kMinGram = 3;
constexpr std::size_t kMaxGram = 5;

constexpr std::uint64_t Extend(std::uint64_t hash, std::string_view bytes) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return hash;
}

constexpr std::uint64_t Finish(std::uint64_t hash) {
  hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDU;
  hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53U;
  return hash ^ (hash >> 33);
}

enum Kind : std::size_t { kWord, kPair, kGram, kKinds };
constexpr std::array<std::int64_t, kKinds> kWeights = {20, 10, 4};

constexpr std::uint64_t kWordSeed = Extend(kEmptyHash, "w");
constexpr std::uint64_t kPairSeed = Extend(kEmptyHash, "b");
constexpr std::uint64_t kGramSeed = Extend(kEmptyHash, "c");
constexpr std::uint64_t kTokenSeed = Extend(kEmptyHash, "t");
constexpr std::uint64_t kTokenPairSeed = Extend(kEmptyHash, "u");
constexpr std::uint64_t kWholeSeed = Extend(kEmptyHash, "x");

// The signed sums of the features added so far.
class FeatureSum {
 public:
  explicit FeatureSum(std::size_t dimensions) : sums_(dimensions, 0) {}

  void Add(Kind kind, std::uint64_t hash) {
    pending_[kind].push_back(Finish(hash));
    empty_ = false;
    // Bounds memory: past this many features, equal ones are counted per run of that length.
    constexpr std::size_t kMaxPending = 1U << 20;
    if (pending_[kind].size() == kMaxPending) Flush(kind);
  }

  bool empty() const { return empty_; }

  std::vector<float> Unit() {
    for (const Kind kind : {kWord, kPair, kGram}) Flush(kind);
    ShrinkToSquareable();
    std::uint64_t squares = 0;
    for (const std::int64_t sum : sums_) squares += static_cast<std::uint64_t>(sum * sum);
    std::vector<float> unit(sums_.size(), 0.0F);
    if (squares == 0) {
      unit[0] = 1.0F;
      return unit;
    }
    const double length = std::sqrt(static_cast<double>(squares));
    for (std::size_t i = 0; i < unit.size(); ++i) {
      unit[i] = static_cast<float>(static_cast<double>(sums_[i]) / length);
    }
    return unit;
  }

 private:
  void Flush(Kind kind) {
    std::vector<std::uint64_t>& hashes = pending_[kind];
    std::ranges::sort(hashes);
    for (auto run = hashes.begin(); run != hashes.end();) {
      const auto end = std::find_if(run, hashes.end(), [&](std::uint64_t h) { return h != *run; });
      const std::uint64_t bucket = ((*run >> 32) * sums_.size()) >> 32;
      const std::int64_t amount = kWeights[kind] * ScaledRoot(end - run);
      sums_[bucket] += (*run & 1U) != 0 ? amount : -amount;
      run = end;
    }
    hashes.clear();
  }

  // 256 * sqrt(count), rounded down; exact because count << 16 is far below 2^52.
  static std::int64_t ScaledRoot(std::int64_t count) {
    return static_cast<std::int64_t>(std::sqrt(static_cast<double>(count << 16)));
  }

  // Halves all sums until kMaxDimensions squares add up in 64 bits.
  void ShrinkToSquareable() {
    constexpr std::int64_t kLimit = std::int64_t{1} << 26;
    const auto is_large = [](std::int64_t sum) { return sum > kLimit || sum < -kLimit; };
    while (std::ranges::any_of(sums_, is_large)) {
      for (std::int64_t& sum : sums_) sum /= 2;
    }
  }

  std::vector<std::int64_t> sums_;
  std::array<std::vector<std::uint64_t>, kKinds> pending_;
  bool empty_ = true;
};

// Offsets at which the code points of `word` start, and its size.
void FindCharacters(std::string_view word, std::vector<std::size_t>& starts) {
  starts.clear();
  for (std::size_t i = 0; i < word.size(); ++i) {
    if ((static_cast<unsigned char>(word[i]) & 0xC0U) != 0x80U) starts.push_back(i);
  }
  starts.push_back(word.size());
}

void AddGrams(std::string_view word, std::vector<std::size_t>& starts, FeatureSum& sum) {
  const std::string bounded = std::string("<").append(word).append(">");
  FindCharacters(bounded, starts);
  const std::size_t characters = starts.size() - 1;
  for (std::size_t first = 0; first + kMinGram <= characters; ++first) {
    std::uint64_t hash = kGramSeed;
    const std::size_t most = std::min(kMaxGram, characters - first);
    for (std::size_t length = 1; length <= most; ++length) {
      const std::size_t begin = starts[first + length - 1];
      hash = Extend(hash, std::string_view(bounded).substr(begin, starts[first + length] - begin));
      if (length >= kMinGram) sum.Add(kGram, hash);
    }
  }
}

void AddWords(std::string_view text, bool with_stop_words, FeatureSum& sum) {
  builtin::WordReader reader(text);
  std::string word;
  std::string previous;
  std::vector<std::size_t> starts;
  while (reader.Next(word)) {
    if (!with_stop_words && builtin::IsStopWord(word)) continue;
    std::string stem = builtin::StemOf(word);
    sum.Add(kWord, Extend(kWordSeed, stem));
    if (!previous.empty()) {
      sum.Add(kPair, Extend(Extend(Extend(kPairSeed, previous), " "), stem));
    }
    AddGrams(word, starts, sum);
    previous = std::move(stem);
  }
}

std::string TokenBytes(std::int64_t token) {
  std::string bytes;
  ByteWriter(bytes).Fixed(token);
  return bytes;
}

}  // namespace

std::uint64_t FeatureHash(std::string_view bytes) {
  return Finish(Extend(kEmptyHash, bytes));
}

HashEmbedder::HashEmbedder(std::size_t dimensions) : dimensions_(dimensions) {
  assert(dimensions >= 1 && dimensions <= kMaxDimensions);
}

std::vector<float> HashEmbedder::Embed(std::string_view text) const {
  FeatureSum sum(dimensions_);
  AddWords(text, false, sum);
  if (sum.empty()) AddWords(text, true, sum);
  if (sum.empty() && !text.empty()) sum.Add(kWord, Extend(kWholeSeed, text));
  return sum.Unit();
}

std::vector<float> HashEmbedder::EmbedTokens(std::span<const std::int64_t> tokens) const {
  FeatureSum sum(dimensions_);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string token = TokenBytes(tokens[i]);
    sum.Add(kWord, Extend(kTokenSeed, token));
    if (i > 0) sum.Add(kPair, Extend(Extend(kTokenPairSeed, TokenBytes(tokens[i - 1])), token));
  }
  return sum.Unit();
}

}  // namespace larder
