// ClientKeys: the keys that Larder gave out, all in memory, kept in Family::kClientKeys. A key that
// was made or revoked is so for the next request, and once it was answered for ever: the database
// of data is synced. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "cache/store.h"
#include "proxy/access/client_key.h"

namespace larder {

class ClientKeys {
 public:
  static constexpr std::size_t kMostKeys = 100'000;

  // Both outlive it.
  ClientKeys(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // Reads what is stored; before the first request. Returns how many records could not be read:
  // their keys are refused. Errors: kIo, kCorruption; then every key is refused.
  Result<std::size_t> Load();

  struct New {
    ClientKey key;
    std::string secret;  // shown this once
  };
  // `lifetime`: nullopt = for ever. Errors: kInvalidArgument (a name or tenant that is empty,
  // longer than 128 bytes or, of a tenant, other than [A-Za-z0-9_.-]), kResourceExhausted
  // (kMostKeys), kIo.
  Result<New> Create(std::string name, std::string tenant,
                     std::optional<std::chrono::seconds> lifetime);
  // False when there is none of this id. Errors: kIo; then it is still in force.
  Result<bool> Revoke(const std::string& id);

  struct Listed {
    ClientKey key;
    std::optional<WallTime> last_used_at;  // since the start
  };
  // In the order in which they were made.
  std::vector<Listed> List() const;

  // The tenant of a secret. Errors: kUnauthenticated (unknown, revoked, expired).
  Result<std::string> TenantOf(std::string_view secret) const;

 private:
  struct Held {
    explicit Held(ClientKey k) : key(std::move(k)) {}
    const ClientKey key;
    mutable std::atomic<std::int64_t> last_used_ms{0};
  };
  void Hold(ClientKey key) LARDER_REQUIRES(mutex_);

  Store& store_;
  const Clock& clock_;
  Mutex writing_;  // one change at a time: what is stored is what is held
  mutable SharedMutex mutex_;
  // A digest is a uniform key: where a look-up ends tells nothing of a secret. The two maps own a
  // key together.
  std::unordered_map<Digest, std::shared_ptr<Held>, DigestHash> by_secret_
      LARDER_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<Held>> by_id_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder
