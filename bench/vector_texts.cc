#include "bench/vector_texts.h"

#include <charconv>
#include <cmath>
#include <span>

#include "base/base64.h"

namespace larder::bench {
namespace {

constexpr std::size_t kVectors = 16;
constexpr std::size_t kBlock = 3;    // values
constexpr std::size_t kBlocks = 64;  // with signs of their own
constexpr std::size_t kSigns = 8;    // choices of a block's signs

// SplitMix64 (Steele et al., 2014).
std::uint64_t Next(std::uint64_t& state) {
  std::uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

std::vector<float> RandomUnitVector(std::size_t dim, std::uint64_t& state) {
  std::vector<double> values(dim);
  double square = 0;
  for (double& value : values) {
    // A sum of uniform numbers: near enough to normal.
    for (int i = 0; i < 4; ++i) value += static_cast<double>(Next(state)) / 0x1p64 - 0.5;
    square += value * value;
  }
  for (double& value : values) value /= std::sqrt(square);
  return {values.begin(), values.end()};
}

std::string Base64Of(std::span<const float> values) {
  std::string text;
  AppendBase64({reinterpret_cast<const char*>(values.data()), values.size_bytes()}, text);
  return text;
}

// "0.1,0.2,": a comma behind each.
std::string FloatsOf(std::span<const float> values) {
  std::string text;
  for (const float value : values) {
    char digits[32];
    text.append(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr);
    text += ',';
  }
  return text;
}

}  // namespace

VectorTexts::VectorTexts(std::size_t dim) : base64_(kVectors), floats_(kVectors) {
  std::uint64_t state = 1;
  for (std::size_t v = 0; v < kVectors; ++v) {
    const std::vector<float> values = RandomUnitVector(dim, state);
    for (std::size_t b = 0; b < kBlocks; ++b) {
      for (std::size_t signs = 0; signs < kSigns; ++signs) {
        float block[kBlock];
        for (std::size_t i = 0; i < kBlock; ++i) {
          const float value = values[b * kBlock + i];
          block[i] = (signs >> i & 1) != 0 ? -value : value;
        }
        base64_[v].blocks.push_back(Base64Of(block));
        floats_[v].blocks.push_back(FloatsOf(block));
      }
    }
    const auto rest = std::span(values).subspan(kBlocks * kBlock);
    base64_[v].rest = Base64Of(rest);
    floats_[v].rest = FloatsOf(rest);
    floats_[v].rest.pop_back();
  }
}

std::uint64_t VectorTexts::NumberOf(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

void VectorTexts::Append(const std::vector<Pieces>& forms, std::uint64_t number, std::string& out) {
  std::uint64_t state = number;
  const Pieces& pieces = forms[Next(state) % kVectors];
  std::uint64_t bits = 0;
  for (std::size_t b = 0; b < kBlocks; ++b) {
    // 21 blocks use 63 bits.
    if (b % 21 == 0) bits = Next(state);
    out += pieces.blocks[b * kSigns + bits % kSigns];
    bits /= kSigns;
  }
  out += pieces.rest;
}

void VectorTexts::AppendBase64(std::uint64_t number, std::string& out) const {
  out += '"';
  Append(base64_, number, out);
  out += '"';
}

void VectorTexts::AppendFloats(std::uint64_t number, std::string& out) const {
  out += '[';
  Append(floats_, number, out);
  out += ']';
}

}  // namespace larder::bench
