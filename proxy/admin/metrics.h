// The metrics as Prometheus reads them: what finished requests add up to since the start, and sizes
// as they are. Names are larder_*, units are in the names, and every label has few values: model,
// key and path are no labels. docs/operations.md defines each. Thread-safety: pure functions.
#pragma once

#include <string>

#include "base/clock.h"
#include "proxy/admin/gauges.h"
#include "proxy/admin/request_tally.h"
#include "proxy/admin/rollup.h"
#include "proxy/admin/telemetry.h"

namespace larder {

struct MetricsView {
  const TelemetryInfo& info;
  WallTime started;
  const Rollup& totals;
  const RequestTally& tally;
  const Gauges& gauges;
};

// Text exposition 0.0.4. Source: prometheus.io/docs/instrumenting/exposition_formats.
std::string RenderMetrics(const MetricsView& view);

}  // namespace larder
