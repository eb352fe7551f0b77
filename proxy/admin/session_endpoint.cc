#include "proxy/admin/session_endpoint.h"

#include "proxy/json/json_writer.h"
#include "proxy/openai/errors.h"

namespace larder {

RequestPlan SessionEndpoint::plan() const {
  RequestPlan plan;
  plan.on_loop = true;  // all of it stands in memory
  return plan;
}

Response SessionEndpoint::Handle(const Request& request, const std::string& /*below*/) {
  const auto caller = access_.Identify(request);
  if (!caller.ok()) return RenderError(caller.error());
  JsonWriter json;
  json.BeginObject();
  switch (caller->kind) {
    case AdminCaller::Kind::kOpen:
      json.Member("by", "open");
      break;
    case AdminCaller::Kind::kToken:
      json.Member("by", "token");
      break;
    case AdminCaller::Kind::kSession:
      json.Member("by", "session");
      json.Member("user", caller->session->subject);
      json.Member("ends_at", ToUnixMillis(caller->session->ends_at) / 1000);
      json.Member("csrf_token", sessions_.CsrfTokenOf(*caller->session));
      break;
  }
  json.EndObject();
  return JsonResponse(200, json.Take());
}

}  // namespace larder
