#include "proxy/admin/events_endpoint.h"

#include <algorithm>
#include <charconv>

#include "proxy/admin/stats_query.h"
#include "proxy/openai/errors.h"

namespace larder {
namespace {

std::optional<std::uint64_t> ParseNumber(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct EventsQuery {
  EventFilter filter;
  std::size_t recent = EventsEndpoint::kDefaultRecent;
};

Result<EventsQuery> ParseEventsQuery(std::string_view query) {
  LARDER_RETURN_IF_ERROR(
      CheckParameters(query, {"model", "partition", "route", "outcome", "recent"}));
  EventsQuery parsed;
  LARDER_ASSIGN_OR_RETURN(parsed.filter.traffic, ParseTrafficFilter(query));
  if (const auto name = QueryParameter(query, "outcome"); name && !name->empty()) {
    const auto* const outcome = std::ranges::find(kAllOutcomes, *name, &CacheOutcomeName);
    if (outcome == kAllOutcomes.end()) {
      return InvalidArgument("outcome must be hit, miss, bypass, stale or request", "outcome");
    }
    parsed.filter.outcome = *outcome;
  }
  if (const auto text = QueryParameter(query, "recent")) {
    const auto recent = ParseNumber(*text);
    if (!recent || *recent > RecentRequests::kSlots) {
      return InvalidArgument("recent must be a number from 0 to 500", "recent");
    }
    parsed.recent = static_cast<std::size_t>(*recent);
  }
  return parsed;
}

}  // namespace

RequestPlan EventsEndpoint::plan() const {
  RequestPlan plan;
  plan.on_loop = true;
  plan.max_body_bytes = 64UL * 1024;
  return plan;
}

Response EventsEndpoint::Handle(const Request& request, const std::string& /*below*/) {
  const auto query = ParseEventsQuery(request.query());
  if (!query.ok()) return RenderError(query.error());
  const auto last_seen = ParseNumber(request.headers.Find("last-event-id").value_or(""));
  Response response;
  response.stream = tail_.Open(query->filter, query->recent, last_seen);
  if (response.stream == nullptr) {
    response = RenderError(503, "admin.max_event_streams live tails are open; close one of them",
                           "server_error");
    response.headers.Set("retry-after", "5");
    return response;
  }
  response.headers.Add("content-type", "text/event-stream");
  response.headers.Add("x-accel-buffering", "no");  // nginx in front passes events on at once
  return response;
}

}  // namespace larder
