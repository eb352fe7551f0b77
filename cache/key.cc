#include "cache/key.h"

#include "base/bytes.h"

namespace larder {
namespace {

// Collects the hashed form: version, tag, then each part behind its length, so that no two lists of
// parts read the same.
class KeyBuilder {
 public:
  KeyBuilder(std::uint8_t version, std::string_view tag) : writer_(bytes_) {
    bytes_.reserve(512);
    writer_.Fixed(version);
    writer_.Prefixed(tag);
  }
  KeyBuilder& Part(std::string_view part) {
    writer_.Prefixed(part);
    return *this;
  }
  KeyBuilder& Part(const KeyScope& scope) {
    const auto& [partition, name_space, upstream, headers] = scope;
    return Part(partition.id()).Part(name_space).Part(upstream).Part(headers);
  }
  Digest Finish() const { return Sha256Of(bytes_); }

 private:
  std::string bytes_;
  ByteWriter writer_;
};

}  // namespace

Digest DeriveEmbeddingScope(const EmbeddingScope& parts) {
  const auto& [scope, model, dimensions, extra] = parts;
  return KeyBuilder(kEmbeddingKeyVersion, "embedding-scope")
      .Part(scope)
      .Part(model)
      .Part(dimensions)
      .Part(extra)
      .Finish();
}

CacheKey DeriveEmbeddingKey(const Digest& scope, InputKind kind, std::string_view input) {
  std::string head;
  head.reserve(64);
  ByteWriter writer(head);
  writer.Fixed(kEmbeddingKeyVersion);
  writer.Prefixed("embedding");
  writer.Raw(AsBytes(scope));
  writer.Fixed(static_cast<std::uint8_t>(kind));
  writer.Fixed(static_cast<std::uint32_t>(input.size()));
  Sha256 hash;
  hash.Update(head);
  hash.Update(input);
  return hash.Finish();
}

CacheKey DeriveResponseKey(const ResponseKeyParts& parts) {
  const auto& [scope, method, path_and_query, body, custom_key] = parts;
  if (!custom_key.empty()) {
    return KeyBuilder(kResponseKeyVersion, "response-custom")
        .Part(scope)
        .Part(method)
        .Part(path_and_query)
        .Part(custom_key)
        .Finish();
  }
  return KeyBuilder(kResponseKeyVersion, "response")
      .Part(scope)
      .Part(method)
      .Part(path_and_query)
      .Part(body)
      .Finish();
}

Digest DeriveResponseIdKey(const Partition& partition, std::string_view response_id) {
  return KeyBuilder(kResponseKeyVersion, "response-id")
      .Part(partition.id())
      .Part(response_id)
      .Finish();
}

}  // namespace larder
