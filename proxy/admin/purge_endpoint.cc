#include "proxy/admin/purge_endpoint.h"

#include "proxy/admin/error_json.h"
#include "proxy/admin/query_parameters.h"

namespace larder {
namespace {

void AppendCounts(const PurgeCounts& counts, JsonWriter& json) {
  json.Member("matched", counts.matched).Member("deleted", counts.deleted);
  json.Member("scanned", counts.scanned).Member("total", counts.total);
}

void AppendEnd(const PurgeOrder& order, const PurgeCounts& counts, const std::string& said,
               JsonWriter& json) {
  json.Member("dry_run", order.dry_run).Member("took_ms", counts.took.count());
  if (!said.empty()) json.Member("compacted", said);
}

}  // namespace

Response PurgeEndpoint::Handle(const Request& request, const std::string& /*below*/) {
  if (const Status known = CheckParameters(request.query(), {}); !known.ok()) {
    return RenderError(known.error());
  }
  const auto order = ParsePurgeOrder(request.body, clock_.Now());
  if (!order.ok()) return RenderError(order.error());
  if (order->compact && !erase_traces_) {
    return RenderError(InvalidArgument("compact needs a server with a disk", "compact"));
  }
  if (ListsToken(request.headers.Joined("accept"), "application/x-ndjson")) {
    return jobs_.Stream([this, order = *order, peer = request.peer](LineStream& lines) {
      return RunWithProgress(order, peer, lines);
    });
  }
  PurgeOutcome outcome;
  std::string said;
  const bool run = jobs_.RunAndWait([&] {
    outcome = Run(
        *order, request.peer, [this](const PurgeCounts&) { return !jobs_.stopping(); }, said);
  });
  if (!run) return AdminJobs::RenderTooMany();
  if (!outcome.status.ok()) return RenderError(outcome.status.error());
  JsonWriter json;
  json.BeginObject().Member("matched", outcome.counts.matched);
  json.Member("deleted", outcome.counts.deleted);
  AppendEnd(*order, outcome.counts, said, json);
  json.EndObject();
  return JsonResponse(200, json.Take());
}

PurgeOutcome PurgeEndpoint::Run(const PurgeOrder& order, const std::string& peer,
                                const Purger::Progress& progress, std::string& said) {
  PurgeOutcome outcome = purger_.Run(order, peer, progress);
  if (!outcome.status.ok() || !order.compact) return outcome;
  const MonoTime begun = clock_.Monotonic();
  auto erased = erase_traces_([&] { return progress(outcome.counts); });
  outcome.counts.took +=
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.Monotonic() - begun);
  if (erased.ok()) {
    said = std::move(erased).value();
    return outcome;
  }
  Error error = erased.error();
  error.message =
      std::to_string(outcome.counts.deleted) +
      " entries were deleted, and traces of them are left on the disk: " + error.message;
  outcome.status = error;
  return outcome;
}

bool PurgeEndpoint::RunWithProgress(const PurgeOrder& order, const std::string& peer,
                                    LineStream& lines) {
  std::string said;
  const auto report = [&](const PurgeCounts& counts) {
    JsonWriter json;
    json.BeginObject();
    AppendCounts(counts, json);
    json.EndObject();
    lines.TryWrite(json.Take() + '\n');
    return !jobs_.stopping();
  };
  const PurgeOutcome outcome = Run(order, peer, report, said);
  JsonWriter json;
  json.BeginObject();
  if (!outcome.status.ok()) AppendError(outcome.status.error(), json);
  AppendCounts(outcome.counts, json);
  AppendEnd(order, outcome.counts, said, json);
  if (outcome.status.ok()) json.Member("done", true);
  json.EndObject();
  return lines.Write(json.Take() + '\n');
}

}  // namespace larder
