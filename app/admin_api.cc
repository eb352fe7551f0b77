#include "app/admin_api.h"

namespace larder {

AdminApi::AdminApi(const Parts& parts, AdminHandler& handler)
    : stats_(parts.telemetry), timeseries_(parts.telemetry) {
  handler.Add("stats", stats_);
  handler.Add("timeseries", timeseries_);
}

}  // namespace larder
