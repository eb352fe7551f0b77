// Callers: who a request comes from, as a partition: the tenant of a key that Larder gave out, else
// a keyed hash of whatever credential there is; and whether the caller is admitted. Thread-safe.
#pragma once

#include "proxy/access/client_keys.h"
#include "proxy/access/limiter.h"
#include "proxy/http/headers.h"
#include "proxy/partitioner.h"

namespace larder {

struct CallersOptions {
  bool require_key = false;  // only keys that Larder gave out may call the API
};

class Callers {
 public:
  // `partitioner`, `keys` and `limiter` outlive it.
  Callers(const Partitioner& partitioner, const ClientKeys& keys, Limiter& limiter,
          CallersOptions options)
      : partitioner_(partitioner), keys_(keys), limiter_(limiter), options_(options) {}

  struct Caller {
    Partition partition;
    // Larder's own: its credential must go no further. Null without one; shared with ClientKeys.
    std::shared_ptr<const ClientKey> key = nullptr;
  };
  // `credential` as CredentialOf gives it. Errors: kUnauthenticated.
  Result<Caller> Identify(std::string_view credential) const;
  // The same of a request's fields and query; beside a key of Larder's own every credential is
  // taken out of the fields (of the query: WithoutCredentials).
  Result<Caller> Admit(Headers& headers, std::string_view query) const;

  // What callers used.
  Limiter& limiter() const { return limiter_; }

 private:
  const Partitioner& partitioner_;
  const ClientKeys& keys_;
  Limiter& limiter_;
  const CallersOptions options_;
};

}  // namespace larder
