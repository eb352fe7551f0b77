// AdminApi: every endpoint of the admin API, over the services that they read and change.
// Thread-safety: made before the first request.
#pragma once

#include "proxy/admin/admin_handler.h"
#include "proxy/admin/cache_admin.h"
#include "proxy/admin/config_endpoint.h"
#include "proxy/admin/events_endpoint.h"
#include "proxy/admin/explain_endpoint.h"
#include "proxy/admin/keys_endpoint.h"
#include "proxy/admin/maintenance_endpoint.h"
#include "proxy/admin/session_endpoint.h"
#include "proxy/admin/stats_endpoint.h"
#include "proxy/admin/telemetry.h"
#include "proxy/admin/upstreams_endpoint.h"

namespace larder {

class AdminApi {
 public:
  // All outlive it.
  struct Parts {
    Telemetry& telemetry;
    CacheAdmin& cache;
    ExplainEndpoint::Parts explain;
    std::function<std::string()> config_json;
    ClientKeys& client_keys;
    Limiter& limiter;
    KeysEndpoint::HasUpstream has_upstream;
    MaintenanceEndpoint::RunTask run_task;
    UpstreamSet& upstreams;
    const AdminAccess& access;
    const AdminSessions& sessions;
  };
  // Adds the endpoints to `handler`, which must not be asked once this is gone.
  AdminApi(const Parts& parts, AdminHandler& handler);

 private:
  StatsEndpoint stats_;
  TimeseriesEndpoint timeseries_;
  EventsEndpoint events_;
  ExplainEndpoint explain_;
  ConfigEndpoint config_;
  KeysEndpoint keys_;
  MaintenanceEndpoint maintenance_;
  UpstreamsEndpoint upstreams_;
  SessionEndpoint session_;
};

}  // namespace larder
