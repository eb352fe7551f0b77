#include "proxy/admin/telemetry.h"

#include <algorithm>

#include "base/mutex.h"
#include "proxy/admin/history.h"
#include "proxy/admin/live_tail.h"
#include "proxy/admin/metrics.h"
#include "proxy/admin/stats_json.h"
#include "proxy/admin/telemetry_shards.h"
#include "proxy/admin/timeseries.h"

namespace larder {
namespace {

// Of what counts since the start: models come and go, and each row has its histograms.
constexpr std::size_t kTotalRows = 256;

// At least a second, at most what the API allows.
std::chrono::seconds Bounded(std::chrono::seconds window) {
  return std::clamp(window, std::chrono::seconds(1), kMaxStatsWindow);
}

}  // namespace

struct Telemetry::Impl {
  Impl(Store& store, const Clock& c, TelemetryInfo i, std::function<Gauges()> g, TelemetryOptions o,
       AccessLog access_log)
      : clock(c),
        info(std::move(i)),
        gauges(std::move(g)),
        options(std::move(o)),
        started(clock.Now()),
        started_mono(clock.Monotonic()),
        prices(options.prices, options.currency),
        history(store, clock),
        records(options.enabled || access_log.log != nullptr),
        shards(prices, options.enabled, access_log.log, std::move(access_log.many_lines)),
        tail(shards, clock, options.max_event_streams) {
    shards.set_lines(access_log.wanted);
  }

  // Brings together what the shards have.
  void Collect() LARDER_REQUIRES(mutex) {
    shards.Collect([this](const TelemetryShard::Taken& taken) LARDER_REQUIRES(mutex) {
      tally.Merge(taken.tally);
      for (const auto& [minute, rollup] : taken.minutes) {
        totals.Merge(rollup);
        history.Add(minute, rollup);
      }
    });
  }

  const Clock& clock;
  const TelemetryInfo info;
  const std::function<Gauges()> gauges;
  const TelemetryOptions options;
  const WallTime started;
  const MonoTime started_mono;
  const PriceTable prices;
  History history;
  const bool records;
  TelemetryShards shards;
  LiveTail tail;
  Mutex mutex;  // held while shards are emptied: whoever reads waits until all has arrived
  Rollup totals LARDER_GUARDED_BY(mutex){kTotalRows};
  RequestTally tally LARDER_GUARDED_BY(mutex);
};

Telemetry::Telemetry(Store& store, const Clock& clock, TelemetryInfo info,
                     std::function<Gauges()> gauges, TelemetryOptions options, AccessLog access_log)
    : impl_(std::make_unique<Impl>(store, clock, std::move(info), std::move(gauges),
                                   std::move(options), std::move(access_log))) {}
Telemetry::~Telemetry() = default;

void Telemetry::Record(const RequestRecord& record) {
  if (impl_->records) impl_->shards.Record(record);
}

void Telemetry::set_access_log(bool wanted) {
  impl_->shards.set_lines(wanted);
}

void Telemetry::Tick() {
  impl_->shards.WriteLines();
  impl_->tail.Tick();
}

LiveTail& Telemetry::tail() {
  return impl_->tail;
}

Status Telemetry::Flush() {
  {
    MutexLock lock(impl_->mutex);
    impl_->Collect();
  }
  return impl_->history.Flush();
}

std::string Telemetry::RenderMetrics() const {
  const Gauges gauges = impl_->gauges();
  MutexLock lock(impl_->mutex);
  impl_->Collect();
  return larder::RenderMetrics({impl_->info, impl_->started, impl_->totals, impl_->tally, gauges});
}

std::string Telemetry::RenderStats(const StatsQuery& query) const {
  const bool since_start = query.window == std::chrono::seconds(0);
  TrafficSum traffic(query.filter);
  {
    MutexLock lock(impl_->mutex);
    impl_->Collect();
    if (since_start) traffic.Add(impl_->totals);
  }
  std::chrono::seconds window{0};
  if (!since_start) {
    const auto minutes = std::chrono::ceil<std::chrono::minutes>(Bounded(query.window));
    const std::int64_t current = impl_->history.CurrentMinute();
    impl_->history.Visit(
        current - minutes.count() + 1, current, true,
        [&](std::int64_t, std::int64_t, const Rollup& rollup) { traffic.Add(rollup); });
    window = minutes;
  }
  const Gauges gauges = impl_->gauges();
  return RenderStatsJson(
      {impl_->info, impl_->options.currency, impl_->started, impl_->clock.Now(),
       std::chrono::floor<std::chrono::seconds>(impl_->clock.Monotonic() - impl_->started_mono),
       window, traffic, gauges});
}

std::string Telemetry::RenderTimeseries(const StatsQuery& query) const {
  {
    MutexLock lock(impl_->mutex);
    impl_->Collect();
  }
  return Timeseries(impl_->history, Bounded(query.window), query.filter).Json();
}

}  // namespace larder
