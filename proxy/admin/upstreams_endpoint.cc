#include "proxy/admin/upstreams_endpoint.h"

#include "proxy/json/json_writer.h"
#include "proxy/openai/errors.h"

namespace larder {
namespace {

void TimeMember(JsonWriter& json, std::string_view name, const std::optional<WallTime>& time) {
  json.Key(name);
  time ? json.Int(ToUnixMillis(*time) / 1000) : json.Null();
}

void TokenMember(JsonWriter& json, const std::optional<TokenState>& token) {
  json.Key("token");
  if (!token) {
    json.Null();
    return;
  }
  json.BeginObject().Member("held", token->held).Member("refreshing", token->refreshing);
  TimeMember(json, "expires_at", token->expires_at);
  TimeMember(json, "last_refresh", token->last_refresh);
  json.Key("last_error");
  token->last_error.empty() ? json.Null() : json.String(token->last_error);
  TimeMember(json, "failed_at", token->failed_at);
  json.Key("next_attempt_in_s");
  token->next_attempt
      ? json.Int(std::chrono::ceil<std::chrono::seconds>(*token->next_attempt).count())
      : json.Null();
  json.EndObject();
}

}  // namespace

Response UpstreamsEndpoint::Handle(const Request& request, const std::string& below) {
  if (request.method == "DELETE") return Forget(below);
  if (!below.empty()) {
    return RenderError(Error{ErrorCode::kMethodNotAllowed, ErrorOrigin::kDownstream,
                             "a single upstream is not shown; GET .../upstreams lists them"});
  }
  return List();
}

Response UpstreamsEndpoint::List() const {
  JsonWriter json;
  json.BeginObject().Key("data").BeginArray();
  for (const UpstreamState& upstream : upstreams_.States()) {
    json.BeginObject().Member("name", upstream.name).Member("url", upstream.url);
    json.Member("credential", CredentialKindName(upstream.credential));
    json.Member("breaker", BreakerStateName(upstream.breaker));
    TokenMember(json, upstream.token);
    json.EndObject();
  }
  json.EndArray().EndObject();
  return JsonResponse(200, json.Take());
}

Response UpstreamsEndpoint::Forget(std::string_view below) {
  constexpr std::string_view kToken = "/token";
  if (!below.ends_with(kToken) || below.size() == kToken.size()) {
    return RenderError(
        InvalidArgument("say whose token is to be forgotten: DELETE .../upstreams/{name}/token"));
  }
  below.remove_suffix(kToken.size());
  const auto forgotten = upstreams_.ForgetToken(below);
  if (!forgotten.ok()) return RenderError(forgotten.error());
  JsonWriter json;
  json.BeginObject().Member("deleted", forgotten->held).Member("revoked", forgotten->revoked);
  json.EndObject();
  return JsonResponse(200, json.Take());
}

}  // namespace larder
