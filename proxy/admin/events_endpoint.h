// GET /admin/v1/events: the live tail. Thread-safe.
#pragma once

#include "proxy/admin/admin_endpoint.h"
#include "proxy/admin/live_tail.h"

namespace larder {

class EventsEndpoint final : public AdminEndpoint {
 public:
  static constexpr std::size_t kDefaultRecent = 50;

  // `tail` outlives it.
  explicit EventsEndpoint(LiveTail& tail) : tail_(tail) {}
  std::string_view methods() const override { return "GET"; }
  RequestPlan plan() const override;
  Response Handle(const Request& request, const std::string& below) override;

 private:
  LiveTail& tail_;
};

}  // namespace larder
