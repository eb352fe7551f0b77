// POST /admin/v1/purge. Thread-safe.
#pragma once

#include <functional>

#include "proxy/admin/admin_endpoint.h"
#include "proxy/admin/admin_jobs.h"
#include "proxy/admin/purger.h"

namespace larder {

class PurgeEndpoint final : public AdminEndpoint {
 public:
  // What was deleted leaves the disk; says what became of it, in a sentence. Waits, and asks
  // `goes_on` some times a second whether to.
  using EraseTraces = std::function<Result<std::string>(const std::function<bool()>& goes_on)>;

  // All outlive it, and the jobs end before the purger. Without `erase_traces` no purge can have
  // "compact".
  PurgeEndpoint(Purger& purger, const Clock& clock, AdminJobs& jobs, EraseTraces erase_traces = {})
      : purger_(purger), clock_(clock), jobs_(jobs), erase_traces_(std::move(erase_traces)) {}

  std::string_view methods() const override { return "POST"; }
  // A purge that was begun is finished, whether the client stays or not.
  Response Handle(const Request& request, const std::string& below) override;

 private:
  // The whole purge. `said`: what became of the traces.
  PurgeOutcome Run(const PurgeOrder& order, const std::string& peer,
                   const Purger::Progress& progress, std::string& said);
  bool RunWithProgress(const PurgeOrder& order, const std::string& peer, LineStream& lines);

  Purger& purger_;
  const Clock& clock_;
  AdminJobs& jobs_;
  const EraseTraces erase_traces_;
};

}  // namespace larder
