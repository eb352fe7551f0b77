// ClientKey: a key that Larder gave out. Of its secret only the SHA-256 is kept. Grammar:
// docs/on_disk_format.md. Thread-safety: values; pure functions.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/sha256.h"

namespace larder {

// What every secret begins with: an upstream's keys do not, and so one is never taken for the
// other.
inline constexpr std::string_view kClientKeyPrefix = "lk_";

struct ClientKey {
  std::string id;      // "key_" and 16 hexadecimal digits
  std::string name;    // the operator's words
  std::string tenant;  // who shares what it cached
  std::string hint;    // the first characters of the secret
  Digest secret_hash{};
  WallTime created_at;
  std::optional<WallTime> expires_at = std::nullopt;
};

std::string EncodeClientKey(const ClientKey& key);
// Errors: kCorruption.
Result<ClientKey> DecodeClientKey(std::string_view record);

// The secret in a credential as CredentialOf gives it: that of the first field or query
// parameter whose value, behind
// a "Bearer " or not, begins with kClientKeyPrefix. Empty without one.
std::string_view ClientSecretIn(std::string_view credential);

}  // namespace larder
