#include "proxy/admin/purge_endpoint.h"

#include "proxy/admin/error_json.h"
#include "proxy/admin/query_parameters.h"

namespace larder {
namespace {

void AppendCounts(const PurgeCounts& counts, JsonWriter& json) {
  json.Member("matched", counts.matched).Member("deleted", counts.deleted);
  json.Member("scanned", counts.scanned).Member("total", counts.total);
}

void AppendEnd(const PurgeOrder& order, const PurgeCounts& counts, JsonWriter& json) {
  json.Member("dry_run", order.dry_run).Member("took_ms", counts.took.count());
}

}  // namespace

Response PurgeEndpoint::Handle(const Request& request, const std::string& /*below*/) {
  if (const Status known = CheckParameters(request.query(), {}); !known.ok()) {
    return RenderError(known.error());
  }
  const auto order = ParsePurgeOrder(request.body, clock_.Now());
  if (!order.ok()) return RenderError(order.error());
  if (ListsToken(request.headers.Joined("accept"), "application/x-ndjson")) {
    return jobs_.Stream([this, order = *order, peer = request.peer](LineStream& lines) {
      return RunWithProgress(order, peer, lines);
    });
  }
  PurgeOutcome outcome;
  const bool run = jobs_.RunAndWait([&] {
    outcome =
        purger_.Run(*order, request.peer, [this](const PurgeCounts&) { return !jobs_.stopping(); });
  });
  if (!run) return AdminJobs::RenderTooMany();
  if (!outcome.status.ok()) return RenderError(outcome.status.error());
  JsonWriter json;
  json.BeginObject().Member("matched", outcome.counts.matched);
  json.Member("deleted", outcome.counts.deleted);
  AppendEnd(*order, outcome.counts, json);
  json.EndObject();
  return JsonResponse(200, json.Take());
}

bool PurgeEndpoint::RunWithProgress(const PurgeOrder& order, const std::string& peer,
                                    LineStream& lines) {
  const PurgeOutcome outcome = purger_.Run(order, peer, [&](const PurgeCounts& counts) {
    JsonWriter json;
    json.BeginObject();
    AppendCounts(counts, json);
    json.EndObject();
    lines.TryWrite(json.Take() + '\n');
    return !jobs_.stopping();
  });
  JsonWriter json;
  json.BeginObject();
  if (!outcome.status.ok()) AppendError(outcome.status.error(), json);
  AppendCounts(outcome.counts, json);
  AppendEnd(order, outcome.counts, json);
  if (outcome.status.ok()) json.Member("done", true);
  json.EndObject();
  return lines.Write(json.Take() + '\n');
}

}  // namespace larder
