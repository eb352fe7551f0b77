#include "cache/key.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <set>
#include <vector>

#include "base/bytes.h"

namespace larder {
namespace {

KeyScope Scope() {
  return {Partition("tenant-a"), "docs", "openai", "openai-organization: org-1\n"};
}
EmbeddingScope Embedding() {
  return {Scope(), "text-embedding-3-small", "512", "{\"x\":1}"};
}
ResponseKeyParts Response() {
  return {Scope(), "POST", "/v1/chat/completions", "{\"model\":\"gpt-4o\"}", ""};
}
std::string Tokens(std::initializer_list<std::int64_t> ids) {
  std::string bytes;
  for (const std::int64_t id : ids) ByteWriter(bytes).Fixed(id);
  return bytes;
}

// Computed apart from this code, with Python's hashlib: P(b) = pack("<I", len(b)) + b, and a key is
// sha256(version byte + P(tag) + P(part)...), version 1 for embeddings, 2 for the rest. The parts
// are partition, namespace, upstream, headers, then
//   "embedding-scope": model, dimensions, extra
//   "response": method, path and query, body
//   "response-custom": method, path and query, custom key
// ("response-id": partition, id)
// and an input's key is sha256(b"\x01" + P(b"embedding") + scope digest + kind byte + P(input)).
// They change only together with their version: every entry on every user's disk is found by them.
TEST(GoldenKeyTest, OfAnEmbeddingScope) {
  EXPECT_EQ(ToHex(DeriveEmbeddingScope(Embedding())),
            "d0342318808156d0a92de91c3a67d3d272eb7e69ae6ee92269e7c3947976649b");
}
TEST(GoldenKeyTest, OfAText) {
  const Digest scope = DeriveEmbeddingScope(Embedding());
  EXPECT_EQ(ToHex(DeriveEmbeddingKey(scope, InputKind::kText, "grüße")),
            "5bd68466acf0c8f1960e1fac85d099d757526c0242f7d85f377b8c868e29d610");
}
TEST(GoldenKeyTest, OfTokens) {
  const Digest scope = DeriveEmbeddingScope(Embedding());
  EXPECT_EQ(ToHex(DeriveEmbeddingKey(scope, InputKind::kTokens, Tokens({9906, 11, 1917}))),
            "7e9051221e76a0a375e11906ba8d4f50f5fb4c288d754ccd77f207164c7e9dc6");
}
TEST(GoldenKeyTest, OfAResponse) {
  EXPECT_EQ(ToHex(DeriveResponseKey(Response())),
            "a7c061d8389db738bf5a048de68b9047b77d15f8f8d49031536f8b14f272adb0");
}
TEST(GoldenKeyTest, OfAResponseId) {
  EXPECT_EQ(ToHex(DeriveResponseIdKey(Partition("tenant-a"), "resp_123")),
            "ed20734102326021b106cb50ba9649ccd6c074c56c9732146fc67686789d8a35");
}
TEST(GoldenKeyTest, OfACustomKey) {
  ResponseKeyParts parts = Response();
  parts.custom_key = "my-name";
  EXPECT_EQ(ToHex(DeriveResponseKey(parts)),
            "0da7cb84e20558567c9e287b755577eb4adbe4ca85441c8c572d8a35cb887600");
}

void GrowPartition(KeyScope& scope) {
  scope.partition = Partition(scope.partition.id() + "x");
}

TEST(EmbeddingKeyTest, EveryFieldChangesIt) {
  const std::vector<std::function<void(EmbeddingScope&)>> changes = {
      [](auto& p) { GrowPartition(p.scope); },  [](auto& p) { p.scope.name_space += "x"; },
      [](auto& p) { p.scope.upstream += "x"; }, [](auto& p) { p.scope.headers += "x"; },
      [](auto& p) { p.model += "x"; },          [](auto& p) { p.dimensions += "0"; },
      [](auto& p) { p.extra = "{\"x\":2}"; },   [](auto& p) { p.scope.name_space.clear(); },
      [](auto& p) { p.dimensions.clear(); },
  };
  std::set<Digest> digests = {DeriveEmbeddingScope(Embedding())};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    EmbeddingScope parts = Embedding();
    changes[i](parts);
    EXPECT_TRUE(digests.insert(DeriveEmbeddingScope(parts)).second) << "change " << i;
  }
}

TEST(EmbeddingKeyTest, AByteMovedBetweenNeighboursChangesIt) {
  const auto key = [](std::array<std::string, 7> parts) {
    return DeriveEmbeddingScope(
        {{Partition(parts[0]), parts[1], parts[2], parts[3]}, parts[4], parts[5], parts[6]});
  };
  const std::array<std::string, 7> start = {"ab", "cd", "ef", "gh", "ij", "kl", "mn"};
  std::set<Digest> digests = {key(start)};
  for (std::size_t i = 0; i + 1 < start.size(); ++i) {
    auto moved = start;
    moved[i + 1].insert(0, 1, moved[i].back());
    moved[i].pop_back();
    EXPECT_TRUE(digests.insert(key(moved)).second) << "parts " << i << " and " << i + 1;
  }
}

TEST(EmbeddingKeyTest, DependsOnScopeKindAndEveryByteOfTheInput) {
  const Digest scope = Sha256Of("scope");
  std::set<Digest> keys;
  for (const std::string& input :
       {std::string(), std::string("hello"), std::string("Hello"), std::string("hello "),
        std::string(" hello"), std::string("hello\0", 6), std::string("hello\n")}) {
    EXPECT_TRUE(keys.insert(DeriveEmbeddingKey(scope, InputKind::kText, input)).second) << input;
  }
  EXPECT_TRUE(keys.insert(DeriveEmbeddingKey(Sha256Of("other"), InputKind::kText, "hello")).second);
}

TEST(EmbeddingKeyTest, TextAndTokensOfTheSameBytesDiffer) {
  const Digest scope = Sha256Of("scope");
  const std::string bytes = Tokens({1, 2});
  EXPECT_NE(DeriveEmbeddingKey(scope, InputKind::kText, bytes),
            DeriveEmbeddingKey(scope, InputKind::kTokens, bytes));
}

TEST(EmbeddingKeyTest, TokenBoundariesCount) {
  const Digest scope = Sha256Of("scope");
  EXPECT_NE(DeriveEmbeddingKey(scope, InputKind::kTokens, Tokens({12, 3})),
            DeriveEmbeddingKey(scope, InputKind::kTokens, Tokens({1, 23})));
}

TEST(ResponseKeyTest, EveryFieldChangesIt) {
  const std::vector<std::function<void(ResponseKeyParts&)>> changes = {
      [](auto& p) { GrowPartition(p.scope); },  [](auto& p) { p.scope.name_space += "x"; },
      [](auto& p) { p.scope.upstream += "x"; }, [](auto& p) { p.scope.headers += "x"; },
      [](auto& p) { p.method = "PUT"; },        [](auto& p) { p.path_and_query += "?a=1"; },
      [](auto& p) { p.body.clear(); },          [](auto& p) { p.custom_key = "name"; },
  };
  std::set<Digest> digests = {DeriveResponseKey(Response())};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    ResponseKeyParts parts = Response();
    changes[i](parts);
    EXPECT_TRUE(digests.insert(DeriveResponseKey(parts)).second) << "change " << i;
  }
}

TEST(ResponseKeyTest, AByteMovedBetweenNeighboursChangesIt) {
  const auto key = [](std::array<std::string, 7> parts) {
    return DeriveResponseKey(
        {{Partition(parts[0]), parts[1], parts[2], parts[3]}, parts[4], parts[5], parts[6], ""});
  };
  const std::array<std::string, 7> start = {"ab", "cd", "ef", "gh", "ij", "kl", "mn"};
  std::set<Digest> digests = {key(start)};
  for (std::size_t i = 0; i + 1 < start.size(); ++i) {
    auto moved = start;
    moved[i + 1].insert(0, 1, moved[i].back());
    moved[i].pop_back();
    EXPECT_TRUE(digests.insert(key(moved)).second) << "parts " << i << " and " << i + 1;
  }
}

TEST(ResponseKeyTest, ACustomKeyStandsInForTheBodyAlone) {
  ResponseKeyParts parts = Response();
  parts.custom_key = "name";
  const CacheKey key = DeriveResponseKey(parts);

  ResponseKeyParts same = parts;
  same.body = "{}";
  EXPECT_EQ(DeriveResponseKey(same), key);

  const std::vector<std::function<void(ResponseKeyParts&)>> changes = {
      [](auto& p) { GrowPartition(p.scope); },
      [](auto& p) { p.scope.name_space += "x"; },
      [](auto& p) { p.scope.upstream += "x"; },
      [](auto& p) { p.scope.headers += "x"; },
      [](auto& p) { p.method = "GET"; },
      [](auto& p) { p.custom_key += "x"; },
      [](auto& p) { p.path_and_query = "/v1/responses"; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    ResponseKeyParts other = parts;
    changes[i](other);
    EXPECT_NE(DeriveResponseKey(other), key) << "change " << i;
  }
}

TEST(KeyTest, LayersNeverShareAKey) {
  // An input chosen to spell another layer's parts must not reach that layer's entries.
  ResponseKeyParts response{{Partition("p"), "", "u", ""}, "m", "d", "{}", ""};
  const Digest scope = DeriveEmbeddingScope({{Partition("p"), "", "u", ""}, "m", "d", "{}"});
  EXPECT_NE(DeriveResponseKey(response), scope);
  EXPECT_NE(DeriveEmbeddingKey(scope, InputKind::kText, ""), scope);
}

}  // namespace
}  // namespace larder
