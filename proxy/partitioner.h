// Partitioner: who may share cached entries with whom. Without client keys of Larder's own, that is
// whoever sends the same credential: the partition is a keyed hash of it, so that nothing stored
// names a credential. Thread-safe: immutable.
#pragma once

#include <string>

#include "base/result.h"
#include "base/sha256.h"
#include "cache/key.h"
#include "proxy/http/headers.h"

namespace larder {

class Partitioner {
 public:
  // `secret`: at least 16 bytes, the same over restarts (or no entry is found again).
  explicit Partitioner(std::string_view secret) : secret_(secret) {}

  // 32 hexadecimal digits. Requests without a credential share one partition. `query` is that of
  // the target, which may carry one (see CredentialOf).
  Partition Of(const Headers& client, std::string_view query = {}) const;
  // The same of what CredentialOf gave.
  Partition OfCredential(std::string_view credential) const;
  // That of a tenant; it is never one of a credential.
  Partition OfTenant(std::string_view tenant) const;

 private:
  HmacSha256Key secret_;
};

}  // namespace larder
