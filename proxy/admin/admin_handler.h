// Health, metrics, stats and the dashboard's files. Answers from memory; never blocks. Thread-safe.
#pragma once

#include <functional>

#include "proxy/admin/access.h"
#include "proxy/admin/telemetry.h"
#include "proxy/http/message.h"
#include "proxy/route.h"

namespace larder {

class AdminHandler {
 public:
  struct Health {
    bool ready = true;
    std::string detail;  // JSON members, without braces: "\"index\":\"rebuilding\""
  };

  // `telemetry` and `access` outlive the handler. `health` is called per request.
  AdminHandler(const Telemetry& telemetry, const AdminAccess& access,
               std::function<Health()> health)
      : telemetry_(telemetry), access_(access), health_(std::move(health)) {}

  // Precondition: `kind` is kHealth, kMetrics, kDashboard or kAdmin.
  Response Handle(const Request& request, RouteKind kind) const;

 private:
  Response HandleHealth(const Request& request) const;
  Response HandleDashboard(const Request& request) const;
  Response HandleAdmin(const Request& request) const;

  const Telemetry& telemetry_;
  const AdminAccess& access_;
  const std::function<Health()> health_;
};

}  // namespace larder
