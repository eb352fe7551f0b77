// GET /admin/v1/session: who asks, and what a page of a session needs to change something.
// Thread-safe.
#pragma once

#include "proxy/admin/access.h"
#include "proxy/admin/admin_endpoint.h"

namespace larder {

class SessionEndpoint final : public AdminEndpoint {
 public:
  // Both outlive it.
  SessionEndpoint(const AdminAccess& access, const AdminSessions& sessions)
      : access_(access), sessions_(sessions) {}

  std::string_view methods() const override { return "GET, HEAD"; }
  RequestPlan plan() const override;
  Response Handle(const Request& request, const std::string& below) override;

 private:
  const AdminAccess& access_;
  const AdminSessions& sessions_;
};

}  // namespace larder
