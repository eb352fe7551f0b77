// ClientKey: a key that Larder gave out. Of its secret only the SHA-256 is kept. Grammar:
// docs/on_disk_format.md. Thread-safety: values; pure functions.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sha256.h"
#include "proxy/access/limit_rule.h"

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
  // What it may ask for; none: everything. Patterns of models as clients name them, and names of
  // upstreams.
  std::vector<std::string> models = {};
  std::vector<std::string> upstreams = {};
  std::vector<LimitRule> limits = {};  // without callers
  Budget budget = {};
  // Of the configuration: not stored, changed or revoked but there. Its id is "config:" and its
  // name.
  bool configured = false;
};
inline constexpr std::string_view kConfiguredIdPrefix = "config:";

// A key of the configuration's [[keys]].
struct ConfiguredKey {
  std::string name;
  std::string tenant = "default";
  std::string sha256;       // of its secret, 64 hexadecimal digits
  std::string secret_env;   // the variable that held the secret; empty for none
  std::string secret_file;  // the file likewise
  std::vector<std::string> models;
  std::vector<std::string> upstreams;
  RateLimits limits;  // of all that it asks for
  std::string budget_money;
  std::int64_t budget_tokens = 0;
  BudgetPeriod budget_period = BudgetPeriod::kMonth;
};
// Precondition: sha256 and budget_money are what they should be.
ClientKey ClientKeyOf(const ConfiguredKey& configured);

std::string EncodeClientKey(const ClientKey& key);
// Errors: kCorruption.
Result<ClientKey> DecodeClientKey(std::string_view record);

// That of the first field, whatever it begins with, behind a "Bearer " or not. Empty without one.
std::string_view FirstSecretIn(std::string_view credential);
// The secret in a credential as CredentialOf gives it: that of the first field or query parameter
// whose value, behind
// a "Bearer " or not, begins with kClientKeyPrefix. Empty without one.
std::string_view ClientSecretIn(std::string_view credential);

}  // namespace larder
