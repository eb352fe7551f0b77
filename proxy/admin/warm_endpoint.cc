#include "proxy/admin/warm_endpoint.h"

#include "proxy/access/rate_fields.h"
#include "proxy/admin/error_json.h"
#include "proxy/admin/query_parameters.h"
#include "proxy/request_id.h"
#include "proxy/search/request_json.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, 3> kFields = {"model", "inputs", "dimensions"};
constexpr std::size_t kBatch = 256;
constexpr std::string_view kPath = "/embeddings";

struct Order {
  std::string model;
  std::int64_t dimensions = 0;  // 0: none are named
  std::vector<std::string> inputs;
};

Result<Order> ParseOrder(std::string_view body) {
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, ParseRequestObject(body, kFields));
  const JsonElement root = document.root();
  Order order;
  LARDER_ASSIGN_OR_RETURN(order.model, TextMember(root, "model"));
  if (order.model.empty()) return InvalidArgument("model must be given", "model");
  LARDER_ASSIGN_OR_RETURN(order.dimensions,
                          WholeMember(root, "dimensions", 1, std::int64_t{1} << 31, 0));
  LARDER_ASSIGN_OR_RETURN(order.inputs, TextsMember(root, "inputs", WarmEndpoint::kMostInputs));
  for (std::size_t i = 0; i < order.inputs.size(); ++i) {
    if (!order.inputs[i].empty()) continue;
    return InvalidArgument("an input must not be an empty string",
                           "inputs[" + std::to_string(i) + "]");
  }
  return order;
}

// As a client would ask for those from `begin` on: keys are then the same.
Result<EmbeddingsRequest> BatchOf(const Order& order, std::size_t begin) {
  JsonWriter json;
  json.BeginObject().Member("model", order.model);
  if (order.dimensions > 0) json.Member("dimensions", order.dimensions);
  json.Key("input").BeginArray();
  for (std::size_t i = begin; i < std::min(order.inputs.size(), begin + kBatch); ++i) {
    json.String(order.inputs[i]);
  }
  json.EndArray().EndObject();
  return ParseEmbeddingsRequest(json.str());
}

// Upstream's own error object where there is one.
void AppendRefusal(const UpstreamRefusal& refusal, JsonWriter& json) {
  const auto document = JsonDocument::Parse(refusal.body);
  const auto error = document.ok() ? Member(document->root(), "error") : std::nullopt;
  json.Key("error");
  if (error && error->is_object()) {
    json.Raw(simdjson::minify(*error));
  } else {
    json.BeginObject().Member("message", "upstream refused the batch").EndObject();
  }
  json.Member("status", refusal.status);
}

// The caller has reached a limit: as far as it came, and when to go on.
std::string RefusalLine(const Admission& admission, std::size_t done, std::int64_t tokens_billed) {
  const bool budget = admission.refused_by == LimitKind::kBudget;
  JsonWriter json;
  json.BeginObject().Key("error").BeginObject();
  json.Member("message", SentenceOf(admission, kPath));
  json.Member("type", budget ? "insufficient_quota" : "rate_limit_error").Key("param").Null();
  json.Member("code", budget ? "insufficient_quota" : "rate_limit_exceeded").EndObject();
  json.Member("status", 429).Member("done", done).Member("tokens_billed", tokens_billed);
  json.Member("retry_after_ms",
              std::int64_t{std::min(admission.retry_after, kLongestRetryAfter).count()});
  json.EndObject();
  return json.Take();
}

}  // namespace

struct WarmEndpoint::Work {
  Order order;
  ActingFor acting_for;
  std::string peer;
  std::size_t done = 0;
  std::int64_t embedded = 0;
  std::int64_t from_cache = 0;
  std::int64_t tokens_billed = 0;
};

Response WarmEndpoint::Handle(const Request& request, const std::string& /*below*/) {
  if (const Status known = CheckParameters(request.query(), {}); !known.ok()) {
    return RenderError(known.error());
  }
  auto order = ParseOrder(request.body);
  if (!order.ok()) return RenderError(order.error());
  auto acting_for = ActFor(request, parts_.callers, parts_.embeddings.options().key_headers);
  if (!acting_for.ok()) return RenderError(acting_for.error());
  const auto work = std::make_shared<Work>(
      Work{std::move(order).value(), std::move(acting_for).value(), request.peer});
  return parts_.jobs.Stream([this, work](LineStream& out) { return Run(*work, out); });
}

bool WarmEndpoint::Run(Work& work, LineStream& out) const {
  const std::size_t total = work.order.inputs.size();
  while (work.done < total) {
    const auto batch = BatchOf(work.order, work.done);
    std::string failed;
    if (batch.ok()) {
      failed = Embed(work, *batch);
    } else {
      JsonWriter json;
      json.BeginObject();
      AppendError(batch.error(), json);
      json.Member("done", work.done).EndObject();
      failed = json.Take();
    }
    if (!failed.empty()) return out.Write(failed + '\n');
    work.done += batch->inputs.size();
    JsonWriter json;
    json.BeginObject().Member("done", work.done).Member("total", total);
    json.Member("embedded", work.embedded).Member("from_cache", work.from_cache);
    json.Member("tokens_billed", work.tokens_billed);
    if (work.done == total) json.Member("finished", true);
    json.EndObject();
    if (!out.Write(json.Take() + '\n')) return false;  // the client has left
  }
  return true;
}

std::string WarmEndpoint::Embed(Work& work, const EmbeddingsRequest& batch) const {
  RequestContext context{NewRequestId(), work.acting_for.partition};
  context.directives.name_space = work.acting_for.name_space;
  ApplyMode(parts_.mode, context.directives);
  context.endpoint = context.api_path = kPath;
  context.route = "warm";
  context.model = work.order.model;
  context.key = work.acting_for.key;
  const MonoTime begun = parts_.clock.Monotonic();
  Limiter& limiter = parts_.callers.limiter();
  auto counted = limiter.Begin(context.key, context.partition, kPath);
  if (!counted.admission.admitted) {
    limiter.CountRefusal(counted.admission.refused_by);
    Observe(work, context, 429, begun);
    return RefusalLine(counted.admission, work.done, work.tokens_billed);
  }
  context.meter = std::move(counted.meter);
  const auto outcome = parts_.embeddings.Embed(batch, work.acting_for.headers, context);
  work.tokens_billed += context.status.billed_tokens;
  JsonWriter json;
  json.BeginObject();
  if (outcome.ok() && !outcome->refusal) {
    work.from_cache += context.status.items_hit;
    work.embedded += context.status.items - context.status.items_hit;
    Observe(work, context, 200, begun);
    return {};
  }
  if (outcome.ok()) {
    AppendRefusal(*outcome->refusal, json);
    Observe(work, context, outcome->refusal->status, begun);
  } else {
    AppendError(outcome.error(), json);
    Observe(work, context, HttpStatusOf(outcome.error()), begun);
  }
  json.Member("done", work.done).Member("tokens_billed", work.tokens_billed).EndObject();
  return json.Take();
}

void WarmEndpoint::Observe(const Work& work, const RequestContext& context, int status,
                           MonoTime begun) const {
  if (!parts_.observer) return;
  RequestRecord record;
  record.finished_at = parts_.clock.Now();
  record.request_id = context.request_id;
  record.method = "POST";
  record.path = "/admin/v1/warm";
  record.route = context.route;
  record.model = context.model;
  record.partition = work.acting_for.partition.id().substr(0, 8);
  record.upstream = context.status.upstream.empty() ? parts_.upstream : context.status.upstream;
  record.status = status;
  record.cache = context.status;
  record.times = context.times;
  record.total =
      std::chrono::duration_cast<std::chrono::microseconds>(parts_.clock.Monotonic() - begun);
  record.to_first_byte = record.total;
  parts_.observer(record);
}

}  // namespace larder
