// SealedValue: a stored value as it is on the medium when encryption is on, and back.
//
// A record keeps its first 16 bytes readable, so that compaction can tell what has expired without
// the key: version (with kSealedBit), kind, lifetime and stored-at. They are authenticated with the
// rest, and so are family and key: a value opens where it was put alone. docs/on_disk_format.md has
// the grammar. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/message_sealer.h"
#include "cache/store.h"

namespace larder {

class ValueSealer {
 public:
  explicit ValueSealer(const SecretKeys& keys);

  std::string Seal(Family family, std::string_view key, std::string_view value) const;

  enum class Kind {
    kCurrent,   // sealed with the current key
    kPrevious,  // sealed with the previous one
    kPlain,     // not sealed with either, so it is taken as it is
  };
  // What it looks like; Open tells whether it is.
  Kind KindOf(std::string_view stored) const;
  // The value of kCurrent and kPrevious; nullopt when it was altered, or stood elsewhere.
  std::optional<std::string> Open(Family family, std::string_view key,
                                  std::string_view stored) const;

 private:
  struct One {
    explicit One(const SecretKey& key) : sealer(key.Derive("larder stored values")), id(key.Id()) {}
    MessageSealer sealer;
    std::uint16_t id;
  };

  One current_;
  std::optional<One> previous_;
};

}  // namespace larder
