// ClientKeys: the keys that Larder gave out, all in memory, kept in Family::kClientKeys, and those
// that the configuration names. A key that was made, changed or revoked is so for the next request,
// and once it was answered for ever: the database of data is synced.
//
// A secret is looked up by its SHA-256. What the look-up compares are digests, of which nobody can
// choose the bytes, so that how long it takes tells nothing about a secret: nothing is compared
// with a secret itself. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "cache/store.h"
#include "proxy/access/client_key.h"

namespace larder {

// What a key may be made with, and changed in; as ClientKey has them.
struct KeyTerms {
  std::vector<std::string> models = {};
  std::vector<std::string> upstreams = {};
  std::vector<LimitRule> limits = {};
  Budget budget = {};
};

class ClientKeys {
 public:
  static constexpr std::size_t kMostKeys = 100'000;

  // Both outlive it.
  ClientKeys(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // Reads what is stored; before the first request, and again once a database that could not be
  // read is there. Returns how many records could not be read: their keys are refused. Errors: kIo,
  // kCorruption; then every key is refused.
  Result<std::size_t> Load();

  struct New {
    ClientKey key;
    std::string secret;  // shown this once
  };
  // `lifetime`: nullopt = for ever. Errors: kInvalidArgument (a name or tenant that is empty,
  // longer than 128 bytes or, of a tenant, other than [A-Za-z0-9_.-]), kResourceExhausted
  // (kMostKeys), kIo.
  Result<New> Create(std::string name, std::string tenant,
                     std::optional<std::chrono::seconds> lifetime, KeyTerms terms = {});
  // nullptr when there is none of this id. `change` gets the key's terms as they are. Errors: those
  // of `change`; kForbidden (a key of the configuration); kIo; then nothing is changed.
  Result<std::shared_ptr<const ClientKey>> Change(const std::string& id,
                                                  const std::function<Status(KeyTerms&)>& change);
  // The key that was revoked, nullptr when there is none of this id. Errors: kForbidden (a key of
  // the configuration), kIo; then it is still in force.
  Result<std::shared_ptr<const ClientKey>> Revoke(const std::string& id);

  // Those of the configuration, in place of earlier ones. While there are any, a request must come
  // with a key (is_required). A key that is as it was stays what it is.
  void SetConfigured(const std::vector<ConfiguredKey>& keys);
  bool is_required() const { return has_configured_.load(std::memory_order_relaxed); }

  struct Listed {
    std::shared_ptr<const ClientKey> key;  // shared with whoever uses it
    std::optional<WallTime> last_used_at;
  };
  // In the order in which they were made.
  std::vector<Listed> List() const;

  // The key of a secret. Errors: kUnauthenticated (unknown, revoked, expired).
  Result<std::shared_ptr<const ClientKey>> Find(std::string_view secret) const;
  // The tenant of one.
  Result<std::string> TenantOf(std::string_view secret) const;

  bool Has(const std::string& id) const;
  // When keys were used, for the disk: what has changed since the last time, or all that is known.
  // Read back by LoadUse, after Load and SetConfigured. Errors of LoadUse: kIo, kCorruption.
  void CollectUse(WriteBatch& batch, bool all);
  Status LoadUse();

 private:
  struct Held {
    explicit Held(std::shared_ptr<const ClientKey> k) : key(std::move(k)) {}
    const std::shared_ptr<const ClientKey> key;  // shared with whoever uses it
    mutable std::atomic<std::int64_t> last_used_ms{0};
    std::int64_t saved_ms = 0;  // of CollectUse's thread
  };
  // Returns what it holds then.
  std::shared_ptr<Held> Hold(ClientKey key) LARDER_REQUIRES(mutex_);
  Result<std::shared_ptr<const ClientKey>> OwnKey(const std::string& id) const;

  Store& store_;
  const Clock& clock_;
  Mutex writing_;  // one change at a time: what is stored is what is held
  mutable SharedMutex mutex_;
  // A digest is a uniform key: where a look-up ends tells nothing of a secret. The two maps own a
  // key together.
  std::unordered_map<Digest, std::shared_ptr<Held>, DigestHash> by_secret_
      LARDER_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<Held>> by_id_ LARDER_GUARDED_BY(mutex_);
  std::vector<std::string> gone_ LARDER_GUARDED_BY(mutex_);  // ids, for CollectUse
  std::atomic<bool> has_configured_{false};
};

}  // namespace larder
