// GET /admin/v1/upstreams: the upstreams, and how they are asked.
// DELETE /admin/v1/upstreams/{name}/token: forgets an access token, and has its provider revoke it
// where that is configured. Thread-safe.
#pragma once

#include "proxy/admin/admin_endpoint.h"
#include "proxy/upstream/upstream_set.h"

namespace larder {

class UpstreamsEndpoint final : public AdminEndpoint {
 public:
  // `upstreams` outlives it.
  explicit UpstreamsEndpoint(UpstreamSet& upstreams) : upstreams_(upstreams) {}

  std::string_view methods() const override { return "GET, HEAD, DELETE"; }
  bool has_below() const override { return true; }
  // 200 {"data":[{"name","url","credential","breaker","token"}]}: credential is "client", "key" or
  // "oauth"; breaker "closed", "open" or "half-open"; token null without "oauth", else {"held",
  // "refreshing","expires_at","last_refresh","last_error","failed_at","next_attempt_in_s"}: Unix
  // seconds, null where there is none.
  // 200 {"deleted","revoked"} for DELETE; 404 for no such upstream, 400 for one without tokens, 502
  // when the provider did not revoke it: it is forgotten all the same.
  Response Handle(const Request& request, const std::string& below) override;

 private:
  Response List() const;
  Response Forget(std::string_view below);

  UpstreamSet& upstreams_;
};

}  // namespace larder
