// POST /admin/v1/explain: what would become of a request, under which key, and why. Nothing goes
// upstream and nothing is stored. docs/admin_api.md has the document. Thread-safe.
#pragma once

#include "proxy/access/callers.h"
#include "proxy/admin/admin_endpoint.h"
#include "proxy/cache_mode.h"
#include "proxy/openai/embeddings_service.h"
#include "proxy/openai/responses_handler.h"

namespace larder {

class ExplainEndpoint final : public AdminEndpoint {
 public:
  // Inputs of an embeddings request that are explained one by one.
  static constexpr std::size_t kMaxInputs = 100;

  // All outlive it.
  struct Parts {
    EmbeddingsService& embeddings;
    ResponsesHandler& responses;
    const Callers& callers;
    const Clock& clock;
    CacheMode mode;
  };
  explicit ExplainEndpoint(const Parts& parts) : parts_(parts) {}

  std::string_view methods() const override { return "POST"; }
  Response Handle(const Request& request, const std::string& below) override;

 private:
  // The request that is asked about, as it would have come.
  Result<Request> Read(const Request& request, std::optional<Partition>& partition) const;

  const Parts parts_;
};

}  // namespace larder
