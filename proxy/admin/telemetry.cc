#include "proxy/admin/telemetry.h"

#include <algorithm>

#include "proxy/admin/history.h"
#include "proxy/admin/metrics.h"
#include "proxy/admin/stats_json.h"

namespace larder {
namespace {

// Rounded up to minutes, in [1, History::kMinutes].
std::int64_t WindowMinutes(std::chrono::seconds window) {
  const std::int64_t minutes = std::chrono::ceil<std::chrono::minutes>(window).count();
  return std::clamp<std::int64_t>(minutes, 1, History::kMinutes);
}

}  // namespace

struct Telemetry::Impl {
  Impl(Store& store, const Clock& c, TelemetryInfo i, std::function<Gauges()> g)
      : clock(c),
        info(std::move(i)),
        gauges(std::move(g)),
        started(clock.Now()),
        started_mono(clock.Monotonic()),
        history(store, clock, routes) {}

  const Clock& clock;
  const TelemetryInfo info;
  const std::function<Gauges()> gauges;
  const WallTime started;
  const MonoTime started_mono;
  RouteLabels routes;
  Metrics metrics;
  History history;
};

Telemetry::Telemetry(Store& store, const Clock& clock, TelemetryInfo info,
                     std::function<Gauges()> gauges)
    : impl_(std::make_unique<Impl>(store, clock, std::move(info), std::move(gauges))) {}
Telemetry::~Telemetry() = default;

void Telemetry::Record(const RequestRecord& record) {
  const std::string_view route = impl_->routes.Bound(record.route);
  impl_->metrics.Add(record, route);
  impl_->history.Add(record, route);
}

Status Telemetry::Flush() {
  return impl_->history.Flush();
}

std::string Telemetry::RenderMetrics() const {
  return impl_->metrics.Render(impl_->info, impl_->started, impl_->gauges());
}

std::string Telemetry::RenderStats(std::chrono::seconds window) const {
  const bool since_start = window == std::chrono::seconds(0);
  const std::int64_t minutes = WindowMinutes(window);
  const Rollup rollup = since_start ? impl_->metrics.Totals() : impl_->history.Sum(minutes);
  const Gauges gauges = impl_->gauges();
  return RenderStatsJson(
      {impl_->info, impl_->started, impl_->clock.Now(),
       std::chrono::floor<std::chrono::seconds>(impl_->clock.Monotonic() - impl_->started_mono),
       since_start ? window : std::chrono::minutes(minutes), rollup, gauges});
}

std::string Telemetry::RenderTimeseries(std::chrono::seconds window) const {
  return RenderTimeseriesJson(impl_->history.Points(WindowMinutes(window)));
}

}  // namespace larder
