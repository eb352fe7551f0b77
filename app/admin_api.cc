#include "app/admin_api.h"

#include "proxy/admin/live_tail.h"

namespace larder {

AdminApi::AdminApi(const Parts& parts, AdminHandler& handler)
    : stats_(parts.telemetry),
      timeseries_(parts.telemetry),
      events_(parts.telemetry.tail()),
      explain_(parts.explain),
      config_(parts.config_json),
      keys_(parts.client_keys, parts.limiter, parts.has_upstream),
      maintenance_(parts.run_task),
      upstreams_(parts.upstreams),
      session_(parts.access, parts.sessions) {
  handler.Add("stats", stats_);
  handler.Add("timeseries", timeseries_);
  handler.Add("events", events_);
  handler.Add("explain", explain_);
  handler.Add("config", config_);
  handler.Add("keys", keys_);
  handler.Add("maintenance", maintenance_);
  handler.Add("upstreams", upstreams_);
  handler.Add("session", session_);
  parts.cache.AddTo(handler);
}

}  // namespace larder
