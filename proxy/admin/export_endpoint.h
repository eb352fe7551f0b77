// GET /admin/v1/export: the fresh entries as NDJSON, at the client's pace. Thread-safe.
#pragma once

#include "base/log.h"
#include "proxy/admin/admin_endpoint.h"
#include "proxy/admin/admin_jobs.h"
#include "proxy/admin/entry_lifetimes.h"

namespace larder {

class ExportEndpoint final : public AdminEndpoint {
 public:
  // All outlive it; the jobs end before them.
  ExportEndpoint(const EntryCatalog& catalog, const EntryLifetimes& lifetimes, const Clock& clock,
                 AdminJobs& jobs, Log& log)
      : catalog_(catalog), lifetimes_(lifetimes), clock_(clock), jobs_(jobs), log_(log) {}

  std::string_view methods() const override { return "GET"; }
  Response Handle(const Request& request, const std::string& below) override;

 private:
  struct Counts {
    std::uint64_t entries = 0;
    std::uint64_t left_out = 0;  // they cannot be written as JSON
  };
  bool Run(const EntryFilter& filter, const std::string& peer, LineStream& out) const;
  // False when nobody reads any more.
  Result<bool> WriteLayer(EntryLayer layer, const EntryFilter& filter, Counts& counts,
                          LineStream& out) const;

  const EntryCatalog& catalog_;
  const EntryLifetimes& lifetimes_;
  const Clock& clock_;
  AdminJobs& jobs_;
  Log& log_;
};

}  // namespace larder
