// GET /admin/v1/entries (a page of the cache's entries) and GET, DELETE /admin/v1/entries/{key}.
// Thread-safe.
#pragma once

#include "proxy/admin/admin_endpoint.h"
#include "proxy/admin/entry_lifetimes.h"
#include "proxy/admin/purger.h"

namespace larder {

class EntriesEndpoint final : public AdminEndpoint {
 public:
  // All outlive it.
  EntriesEndpoint(const EntryCatalog& catalog, const EntryLifetimes& lifetimes, const Clock& clock,
                  Purger& purger)
      : catalog_(catalog), lifetimes_(lifetimes), clock_(clock), purger_(purger) {}

  std::string_view methods() const override { return "GET, HEAD, DELETE"; }
  bool has_below() const override { return true; }
  Response Handle(const Request& request, const std::string& below) override;

 private:
  Result<std::string> List(const Request& request) const;
  Result<std::string> Show(const Request& request, const CacheKey& key) const;
  Response Delete(const Request& request, const CacheKey& key);

  const EntryCatalog& catalog_;
  const EntryLifetimes& lifetimes_;
  const Clock& clock_;
  Purger& purger_;
};

}  // namespace larder
