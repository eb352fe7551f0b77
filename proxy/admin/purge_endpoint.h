// POST /admin/v1/purge. Thread-safe.
#pragma once

#include "proxy/admin/admin_endpoint.h"
#include "proxy/admin/admin_jobs.h"
#include "proxy/admin/purger.h"

namespace larder {

class PurgeEndpoint final : public AdminEndpoint {
 public:
  // All outlive it, and the jobs end before the purger.
  PurgeEndpoint(Purger& purger, const Clock& clock, AdminJobs& jobs)
      : purger_(purger), clock_(clock), jobs_(jobs) {}

  std::string_view methods() const override { return "POST"; }
  // A purge that was begun is finished, whether the client stays or not.
  Response Handle(const Request& request, const std::string& below) override;

 private:
  bool RunWithProgress(const PurgeOrder& order, const std::string& peer, LineStream& lines);

  Purger& purger_;
  const Clock& clock_;
  AdminJobs& jobs_;
};

}  // namespace larder
