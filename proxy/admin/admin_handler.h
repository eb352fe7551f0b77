// Health, metrics, the dashboard's files, its login, and the way to the endpoints of the admin API:
// who may ask, and how. Thread-safe once every endpoint was added.
#pragma once

#include <functional>
#include <map>
#include <string_view>

#include "proxy/admin/access.h"
#include "proxy/admin/admin_endpoint.h"
#include "proxy/admin/login_handler.h"
#include "proxy/admin/telemetry.h"
#include "proxy/http/handler.h"
#include "proxy/http/message.h"
#include "proxy/route.h"

namespace larder {

class AdminHandler {
 public:
  struct Health {
    bool ready = true;
    std::string detail;  // JSON members, without braces: "\"index\":\"rebuilding\""
  };

  // The first three outlive the handler. `health` is called per request.
  AdminHandler(const Telemetry& telemetry, AdminAccess& access, LoginHandler& login,
               std::function<Health()> health)
      : telemetry_(telemetry), access_(access), login_(login), health_(std::move(health)) {}

  // /admin/v1/{name} and what is below it. Before the first request; the endpoint outlives the
  // handler.
  void Add(std::string_view name, AdminEndpoint& endpoint) { endpoints_[name] = &endpoint; }

  // How a request is to be run. Precondition of both: `kind` is kHealth, kMetrics, kDashboard or
  // kAdmin.
  RequestPlan Plan(const Request& head, RouteKind kind) const;
  Response Handle(const Request& request, RouteKind kind) const;

 private:
  struct Target {
    AdminEndpoint* endpoint = nullptr;  // null: there is none of this name
    std::string below;
  };
  Target TargetOf(const Request& request) const;
  Response HandleOwn(const Request& request, RouteKind kind) const;
  Response HandleHealth(const Request& request) const;
  Response HandleDashboard(const Request& request) const;
  Response HandleAdmin(const Request& request) const;

  const Telemetry& telemetry_;
  AdminAccess& access_;
  LoginHandler& login_;
  const std::function<Health()> health_;
  std::map<std::string_view, AdminEndpoint*> endpoints_;
};

}  // namespace larder
