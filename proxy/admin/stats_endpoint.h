// GET /admin/v1/stats and GET /admin/v1/timeseries. Thread-safe.
#pragma once

#include "proxy/admin/admin_endpoint.h"
#include "proxy/admin/telemetry.h"

namespace larder {

class StatsEndpoint final : public AdminEndpoint {
 public:
  // `telemetry` outlives it.
  explicit StatsEndpoint(const Telemetry& telemetry) : telemetry_(telemetry) {}
  std::string_view methods() const override { return "GET, HEAD"; }
  RequestPlan plan() const override;
  Response Handle(const Request& request, const std::string& below) override;

 private:
  const Telemetry& telemetry_;
};

class TimeseriesEndpoint final : public AdminEndpoint {
 public:
  // `telemetry` outlives it.
  explicit TimeseriesEndpoint(const Telemetry& telemetry) : telemetry_(telemetry) {}
  std::string_view methods() const override { return "GET, HEAD"; }
  RequestPlan plan() const override;
  Response Handle(const Request& request, const std::string& below) override;

 private:
  const Telemetry& telemetry_;
};

}  // namespace larder
