#include "proxy/admin/keys_endpoint.h"

#include <array>

#include "proxy/admin/key_json.h"
#include "proxy/openai/errors.h"
#include "proxy/search/request_json.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, 7> kMembers = {
    "name", "tenant", "expires_in_s", "models", "upstreams", "limits", "budget"};
constexpr std::array<std::string_view, 4> kTerms = {"models", "upstreams", "limits", "budget"};
constexpr std::int64_t kLongestLifetime = std::int64_t{100} * 365 * 86'400;

Response NoSuchKey() {
  return RenderError(
      Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream, "there is no key of this id"});
}

}  // namespace

Response KeysEndpoint::Handle(const Request& request, const std::string& below) {
  if (request.method == "DELETE") return Revoke(below);
  if (request.method == "PATCH") return Change(request, below);
  if (!below.empty()) {
    return RenderError(Error{ErrorCode::kMethodNotAllowed, ErrorOrigin::kDownstream,
                             "a single key can only be changed (PATCH) or deleted"});
  }
  return request.method == "POST" ? Create(request) : List();
}

void KeysEndpoint::Write(const ClientKeys::Listed& listed, JsonWriter& json) const {
  const auto account = limiter_.AccountOf(listed.key, Partition(""));
  WriteKey(listed, account.get(), MomentOf(limiter_.clock()), json);
}

Response KeysEndpoint::List() const {
  JsonWriter json;
  json.BeginObject().Key("data").BeginArray();
  for (const ClientKeys::Listed& listed : keys_.List()) {
    json.BeginObject();
    Write(listed, json);
    json.EndObject();
  }
  json.EndArray().EndObject();
  return JsonResponse(200, json.Take());
}

Response KeysEndpoint::Create(const Request& request) {
  const auto make = [&]() -> Result<ClientKeys::New> {
    LARDER_ASSIGN_OR_RETURN(const JsonDocument document,
                            ParseRequestObject(request.body, kMembers));
    const JsonElement root = document.root();
    LARDER_ASSIGN_OR_RETURN(std::string name, TextMember(root, "name"));
    LARDER_ASSIGN_OR_RETURN(std::string tenant, TextMember(root, "tenant"));
    if (tenant.empty()) tenant = "default";
    LARDER_ASSIGN_OR_RETURN(const std::int64_t lifetime,
                            WholeMember(root, "expires_in_s", 1, kLongestLifetime, 0));
    KeyTerms terms;
    LARDER_RETURN_IF_ERROR(ReadTerms(root, has_upstream_, terms));
    return keys_.Create(
        std::move(name), std::move(tenant),
        lifetime == 0 ? std::nullopt : std::optional(std::chrono::seconds(lifetime)),
        std::move(terms));
  };
  const auto made = make();
  if (!made.ok()) return RenderError(made.error());
  JsonWriter json;
  json.BeginObject();
  WriteKey({std::make_shared<const ClientKey>(made->key), std::nullopt}, nullptr,
           MomentOf(limiter_.clock()), json);
  json.Member("secret", made->secret).EndObject();
  return JsonResponse(201, json.Take());
}

Response KeysEndpoint::Change(const Request& request, const std::string& id) {
  const auto document = ParseRequestObject(request.body, kTerms);
  if (!document.ok()) return RenderError(document.error());
  const auto changed = keys_.Change(
      id, [&](KeyTerms& terms) { return ReadTerms(document->root(), has_upstream_, terms); });
  if (!changed.ok()) return RenderError(changed.error());
  if (*changed == nullptr) return NoSuchKey();
  JsonWriter json;
  json.BeginObject();
  Write({*changed, std::nullopt}, json);
  json.EndObject();
  return JsonResponse(200, json.Take());
}

Response KeysEndpoint::Revoke(const std::string& id) {
  if (id.empty()) return RenderError(InvalidArgument("say which key: DELETE .../keys/{id}", "id"));
  const auto revoked = keys_.Revoke(id);
  if (!revoked.ok()) return RenderError(revoked.error());
  if (*revoked == nullptr) return NoSuchKey();
  limiter_.Forget(**revoked);
  return JsonResponse(200, R"({"deleted":true})");
}

}  // namespace larder
