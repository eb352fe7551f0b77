// Keys, stamps and entries for the cache's tests, and the checks every stored record must pass.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "cache/embedding_cache.h"
#include "cache/response_cache.h"
#include "tests/support/manual_clock.h"

namespace larder {

// A uniform key of its own for each number.
inline CacheKey KeyOf(int number) {
  return Sha256Of("key " + std::to_string(number));
}

// Stored when a new ManualClock starts, for 30 days.
inline RecordStamp StampForDays() {
  return {ManualClock().Now(), std::chrono::hours(30 * 24)};
}

inline std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

inline NewEmbedding MakeEmbedding(int number, const RecordStamp& stamp = StampForDays()) {
  EmbeddingEntry entry;
  entry.float32 = {static_cast<float>(number), 0.5F, -0.25F};
  entry.prompt_tokens = 5;
  entry.model = "model-1";
  entry.stamp = stamp;
  InputRecord input;
  input.partition = "tenant-a";
  input.upstream = "builtin";
  input.model = "model-1";
  input.dim = 3;
  input.input = "text " + std::to_string(number);
  return {KeyOf(number), std::make_shared<const EmbeddingEntry>(entry), input};
}

inline ResponsePointer MakeResponse(std::string body, const RecordStamp& stamp = StampForDays()) {
  ResponseEntry entry;
  entry.fields = {{"content-type", "application/json"}};
  entry.body = std::move(body);
  entry.partition = "tenant-a";
  entry.upstream = "builtin";
  entry.model = "model-1";
  entry.path = "/v1/chat/completions";
  entry.stamp = stamp;
  return std::make_shared<const ResponseEntry>(entry);
}

// Every flip of one byte and every truncation of `bytes` is refused by `decode` as kCorruption.
template <typename Decode>
void ExpectEveryDamageIsNoticed(const std::string& bytes, Decode decode) {
  ASSERT_TRUE(decode(bytes).ok());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int mask : {0x01, 0x80, 0xff}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ mask);
      const auto decoded = decode(damaged);
      ASSERT_FALSE(decoded.ok()) << "byte " << i << " flipped by " << mask;
      ASSERT_EQ(decoded.error().code, ErrorCode::kCorruption);
    }
    const auto cut = decode(std::string_view(bytes).substr(0, i));
    ASSERT_FALSE(cut.ok()) << "cut to " << i;
    ASSERT_EQ(cut.error().code, ErrorCode::kCorruption);
  }
  ASSERT_FALSE(decode(bytes + '\0').ok()) << "a byte too many";
}

}  // namespace larder
