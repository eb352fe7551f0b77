// Callers: who a request comes from, as a partition: the tenant of a key that Larder gave out, else
// a keyed hash of whatever credential there is. Thread-safe.
#pragma once

#include "proxy/access/client_keys.h"
#include "proxy/http/headers.h"
#include "proxy/partitioner.h"

namespace larder {

struct CallersOptions {
  bool require_key = false;  // only keys that Larder gave out may call the API
};

class Callers {
 public:
  // `partitioner` and `keys` outlive it.
  Callers(const Partitioner& partitioner, const ClientKeys& keys, CallersOptions options)
      : partitioner_(partitioner), keys_(keys), options_(options) {}

  struct Caller {
    Partition partition;
    bool by_client_key = false;  // its credential is Larder's own and must go no further
  };
  // `credential` as CredentialOf gives it. Errors: kUnauthenticated.
  Result<Caller> Identify(std::string_view credential) const;
  // The same of a request's fields and query; beside a key of Larder's own every credential is
  // taken out of the fields (of the query: WithoutCredentials).
  Result<Caller> Admit(Headers& headers, std::string_view query) const;

 private:
  const Partitioner& partitioner_;
  const ClientKeys& keys_;
  const CallersOptions options_;
};

}  // namespace larder
