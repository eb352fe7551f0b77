// Cache keys: SHA-256 over a version byte, a tag and length-prefixed parts. The full digest is the
// key.
//
// The parts stand in structs that are hashed by structured binding: a field that is added does not
// compile until key.cc says where it belongs. Golden digests in tests/cache/key_test.cc pin the
// result; they change only together with their version. Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/sha256.h"

namespace larder {

using CacheKey = Digest;

inline constexpr std::uint8_t kEmbeddingKeyVersion = 1;
// 2: the form of the answer is no part any more; one entry serves streamed and whole.
inline constexpr std::uint8_t kResponseKeyVersion = 2;

// Who may share an entry. There is no default: every key is made for somebody.
class Partition {
 public:
  explicit Partition(std::string id) : id_(std::move(id)) {}
  const std::string& id() const { return id_; }
  bool operator==(const Partition&) const = default;

 private:
  std::string id_;
};

// What every key of one request has in common.
struct KeyScope {
  Partition partition;
  std::string name_space;  // x-larder-namespace; empty for none
  std::string upstream;    // Upstream::name(): entries of one never answer for another
  std::string headers;     // the forwarded headers that can change an answer, canonical
};

// What the embeddings of one batch have in common. Every field but the inputs and the output form.
struct EmbeddingScope {
  KeyScope scope;
  std::string model;
  std::string dimensions;  // decimal; empty when the request names none
  std::string extra;  // canonical JSON of every request field Larder does not know; "{}" for none
};

// Text and tokens never share an entry, even where they mean the same.
enum class InputKind : std::uint8_t { kText = 0, kTokens = 1 };

struct ResponseKeyParts {
  KeyScope scope;
  std::string method;
  std::string path_and_query;
  std::string body;  // canonical JSON without the fields that do not count; empty without a body
  std::string custom_key;  // cf-aig-cache-key; when set, it stands in for the body
};

// The digest of a batch's scope: derive it once, then each input's key from it.
Digest DeriveEmbeddingScope(const EmbeddingScope& parts);
// `input` is the text's UTF-8 bytes, or the tokens as little-endian int64 in order.
CacheKey DeriveEmbeddingKey(const Digest& scope, InputKind kind, std::string_view input);
CacheKey DeriveResponseKey(const ResponseKeyParts& parts);
// Under what the key of the answer that carries `response_id` ("resp_...") is remembered.
Digest DeriveResponseIdKey(const Partition& partition, std::string_view response_id);

}  // namespace larder
