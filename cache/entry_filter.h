// Which entries are meant: the conditions of a listing, an export or a purge, and what of an entry
// they are held against. Thread-safety: values; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cache/embedding_record.h"
#include "cache/key.h"
#include "cache/record.h"

namespace larder {

enum class EntryLayer : std::uint8_t { kEmbeddings, kResponses };
// "embeddings", "responses".
std::string_view EntryLayerName(EntryLayer layer);

// What is known of one entry. Views live as long as what it was made from.
struct EntryFacts {
  EntryLayer layer;
  CacheKey key;
  std::string_view partition;
  std::string_view name_space;
  std::string_view model;
  // The text that was embedded; nullopt for tokens, for a text that was not kept, and for answers.
  std::optional<std::string_view> text;
  WallTime stored_at;
};
// Of an embedding. The views are of `input`.
EntryFacts FactsOf(const CacheKey& key, const InputRecord& input, const RecordStamp& stamp);

// Every condition that is given must hold; without any, every entry is meant.
struct EntryFilter {
  std::optional<EntryLayer> layer;
  std::string model;                      // empty: any. As the entry's record names it.
  std::string partition;                  // empty: any. The partition's id begins with it.
  std::optional<std::string> name_space;  // "" is that of requests which name none
  std::optional<CacheKey> key;
  std::optional<std::string> input;  // exactly this text was embedded
  // Empty: any. The embedded text begins with it, or it is 8 to 64 hexadecimal digits and the key
  // begins with them.
  std::string prefix;
  std::optional<WallTime> stored_before;

  bool Matches(const EntryFacts& facts) const;
  // False when no entry of the layer can match.
  bool Concerns(EntryLayer one) const;
  // No condition beside the layer.
  bool IsEmpty() const;
};

// Whether `digits` are 8 to 64 hexadecimal digits of either case.
bool IsKeyPrefix(std::string_view digits);
// Whether they are, and the key begins with them.
bool KeyBeginsWith(const CacheKey& key, std::string_view digits);

}  // namespace larder
