// POST /admin/v1/import: NDJSON in, as long as it may be, progress as NDJSON out. Thread-safe.
#pragma once

#include "base/log.h"
#include "proxy/admin/admin_endpoint.h"
#include "proxy/admin/admin_jobs.h"
#include "proxy/admin/importer.h"

namespace larder {

class ImportEndpoint final : public AdminEndpoint {
 public:
  // All outlive it; the jobs end before them.
  struct Parts {
    EmbeddingsService& embeddings;
    ResponseCache& responses;
    const EntryLifetimes& lifetimes;
    const Callers& callers;
    const Clock& clock;
    AdminJobs& jobs;
    Log& log;
  };
  // A line of more than `max_line_bytes` is refused.
  ImportEndpoint(const Parts& parts, std::size_t max_line_bytes)
      : parts_(parts), max_line_bytes_(max_line_bytes) {}

  std::string_view methods() const override { return "POST"; }
  RequestPlan plan() const override;
  Response Handle(const Request& request, const std::string& below) override;

 private:
  bool Run(BodySource& body, ActingFor acting_for, const std::string& peer, LineStream& out);
  Status TakeAll(BodySource& body, Importer& importer, std::uint64_t& line, LineStream& out);

  const Parts parts_;
  const std::size_t max_line_bytes_;
};

}  // namespace larder
