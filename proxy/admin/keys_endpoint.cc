#include "proxy/admin/keys_endpoint.h"

#include <array>

#include "proxy/json/json_writer.h"
#include "proxy/openai/errors.h"
#include "proxy/search/request_json.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, 3> kMembers = {"name", "tenant", "expires_in_s"};
constexpr std::int64_t kLongestLifetime = std::int64_t{100} * 365 * 86'400;

std::int64_t Seconds(WallTime time) {
  return ToUnixMillis(time) / 1000;
}

void OptionalTime(JsonWriter& json, std::string_view name, const std::optional<WallTime>& time) {
  json.Key(name);
  time ? json.Int(Seconds(*time)) : json.Null();
}

void Row(JsonWriter& json, const ClientKeys::Listed& listed) {
  const ClientKey& key = listed.key;
  json.Member("id", key.id).Member("name", key.name).Member("tenant", key.tenant);
  json.Member("created_at", Seconds(key.created_at));
  OptionalTime(json, "last_used_at", listed.last_used_at);
  OptionalTime(json, "expires_at", key.expires_at);
  json.Member("prefix", key.hint);
}

}  // namespace

Response KeysEndpoint::Handle(const Request& request, const std::string& below) {
  if (request.method == "DELETE") return Revoke(below);
  if (!below.empty()) {
    return RenderError(Error{ErrorCode::kMethodNotAllowed, ErrorOrigin::kDownstream,
                             "a single key can only be deleted"});
  }
  return request.method == "POST" ? Create(request) : List();
}

Response KeysEndpoint::List() const {
  JsonWriter json;
  json.BeginObject().Key("data").BeginArray();
  for (const ClientKeys::Listed& listed : keys_.List()) {
    json.BeginObject();
    Row(json, listed);
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
    return keys_.Create(
        std::move(name), std::move(tenant),
        lifetime == 0 ? std::nullopt : std::optional(std::chrono::seconds(lifetime)));
  };
  const auto made = make();
  if (!made.ok()) return RenderError(made.error());
  JsonWriter json;
  json.BeginObject();
  Row(json, {made->key, std::nullopt});
  json.Member("secret", made->secret).EndObject();
  return JsonResponse(201, json.Take());
}

Response KeysEndpoint::Revoke(const std::string& id) {
  if (id.empty()) return RenderError(InvalidArgument("say which key: DELETE .../keys/{id}", "id"));
  const auto revoked = keys_.Revoke(id);
  if (!revoked.ok()) return RenderError(revoked.error());
  if (!*revoked) {
    return RenderError(
        Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream, "there is no key of this id"});
  }
  return JsonResponse(200, R"({"deleted":true})");
}

}  // namespace larder
