#include "proxy/openai/embeddings_handler.h"

#include "proxy/forwarding.h"
#include "proxy/openai/embeddings_reply.h"
#include "proxy/openai/errors.h"

namespace larder {
namespace {

Result<EmbeddingsRequest> Parse(const Request& request, const Clock& clock,
                                RequestContext& context) {
  PhaseTimer timer(clock, context.times.parse);
  return ParseEmbeddingsRequest(request.body, context.model_in_path);
}

}  // namespace

Response EmbeddingsHandler::Handle(const Request& request, RequestContext& context) {
  context.status.layer = CacheLayer::kEmbeddings;
  const auto parsed = Parse(request, clock_, context);
  if (!parsed.ok()) {
    context.status.reason = "invalid-request";
    return RenderError(parsed.error());
  }
  context.model = parsed->model;
  if (parsed->inputs.size() <= kMaxLoopInputs) return Answer(*parsed, request, context);
  Response response;
  off_loop_.Run([&] { response = Answer(*parsed, request, context); });
  return response;
}

Response EmbeddingsHandler::Answer(const EmbeddingsRequest& parsed, const Request& request,
                                   RequestContext& context) {
  const auto outcome = service_.Embed(parsed, request.headers, context);
  if (!outcome.ok()) return RenderError(outcome.error());

  Response response;
  if (outcome->refusal) {
    response.status = outcome->refusal->status;
    response.headers = outcome->refusal->headers;
    response.body = outcome->refusal->body;
    return response;
  }
  // Of a whole miss or part of one: upstream's own fields, rate limits and request id among them.
  response.headers = outcome->upstream_headers;
  for (const char* replaced : {"content-type", "content-encoding", "etag"}) {
    response.headers.Remove(replaced);
  }
  response.headers.Set("content-type", "application/json");
  response.body = RenderEmbeddingsReply(outcome->entries, parsed.encoding);
  return response;
}

}  // namespace larder
