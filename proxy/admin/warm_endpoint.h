// POST /admin/v1/warm: embeds texts through the cache, batch by batch, for whoever's credential
// comes in x-larder-authorization. Each batch is recorded as a request of the route "warm": what it
// costs is to be seen where money is counted. Thread-safe.
#pragma once

#include <functional>

#include "proxy/admin/acting_for.h"
#include "proxy/admin/admin_endpoint.h"
#include "proxy/admin/admin_jobs.h"
#include "proxy/admin/request_record.h"
#include "proxy/cache_mode.h"
#include "proxy/openai/embeddings_service.h"

namespace larder {

class WarmEndpoint final : public AdminEndpoint {
 public:
  static constexpr std::size_t kMostInputs = 100'000;

  // All outlive it; the jobs end before them.
  struct Parts {
    EmbeddingsService& embeddings;
    const Callers& callers;
    const Clock& clock;
    AdminJobs& jobs;
    CacheMode mode = CacheMode::kOn;
    std::string upstream;  // for the records of batches that had no choice of upstreams
    // Told of every batch; as Proxy's.
    std::function<void(const RequestRecord&)> observer;
  };
  explicit WarmEndpoint(Parts parts) : parts_(std::move(parts)) {}

  std::string_view methods() const override { return "POST"; }
  Response Handle(const Request& request, const std::string& below) override;

 private:
  struct Work;
  bool Run(Work& work, LineStream& out) const;
  // The batch's error line; empty when it went well.
  std::string Embed(Work& work, const EmbeddingsRequest& batch) const;
  void Observe(const Work& work, const RequestContext& context, int status, MonoTime begun) const;

  const Parts parts_;
};

}  // namespace larder
