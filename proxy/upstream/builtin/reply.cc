#include "proxy/upstream/builtin/reply.h"

#include <utility>

#include "base/sha256.h"
#include "proxy/upstream/builtin/event_body.h"

namespace larder::builtin {
namespace {

std::optional<JsonElement> PresentMember(JsonElement request, std::string_view key) {
  const auto member = Member(request, key);
  return member && !member->is_null() ? member : std::nullopt;
}

}  // namespace

UpstreamReply JsonReply(int status, std::string json) {
  UpstreamReply reply;
  reply.status = status;
  reply.headers.Add("Content-Type", "application/json");
  reply.body = std::make_shared<StringBody>(std::move(json));
  return reply;
}

UpstreamReply StreamReply(std::size_t count, std::function<std::string(std::size_t)> render,
                          const BuiltinOptions& options) {
  UpstreamReply reply;
  reply.status = 200;
  reply.headers.Add("Content-Type", "text/event-stream; charset=utf-8");
  reply.body = std::make_shared<EventBody>(count, std::move(render), options.event_delay);
  return reply;
}

std::string DataEvent(std::string_view json) {
  return std::string("data: ").append(json).append("\n\n");
}

UpstreamReply ErrorReply(int status, std::string_view message, std::string_view param,
                         std::string_view code) {
  JsonWriter json;
  json.BeginObject().Key("error").BeginObject();
  json.Member("message", message).Member("type", "invalid_request_error");
  json.Key("param");
  param.empty() ? json.Null() : json.String(param);
  json.Key("code");
  code.empty() ? json.Null() : json.String(code);
  json.EndObject().EndObject();
  return JsonReply(status, json.Take());
}

Error UnknownModel(std::string_view model) {
  return UpstreamError(ErrorCode::kNotFound,
                       std::string("The model `")
                           .append(model)
                           .append("` does not exist or you do not have access to it."));
}

Status RequireModel(JsonElement request, std::string_view expected) {
  const auto model = StringMember(request, "model");
  if (!model) return InvalidArgument("you must provide a model parameter", "model");
  if (*model != expected) return UnknownModel(*model);
  return {};
}

Result<bool> BoolOr(JsonElement request, std::string_view key, bool absent) {
  const auto member = PresentMember(request, key);
  if (!member) return absent;
  bool value = false;
  if (member->get(value) != simdjson::SUCCESS) {
    return InvalidArgument(std::string(key) + " must be true or false", std::string(key));
  }
  return value;
}

Result<std::optional<std::int64_t>> IntBetween(JsonElement request, std::string_view key,
                                               std::int64_t least, std::int64_t most) {
  if (!PresentMember(request, key)) return std::optional<std::int64_t>();
  const auto value = IntMember(request, key);
  if (!value || *value < least || *value > most) {
    return InvalidArgument(std::string(key) + " must be a whole number in [" +
                               std::to_string(least) + ", " + std::to_string(most) + "]",
                           std::string(key));
  }
  return value;
}

bool WantsUsage(JsonElement request) {
  const auto options = Member(request, "stream_options");
  return options && BoolMember(*options, "include_usage").value_or(false);
}

std::string RequestHash(JsonElement request) {
  Sha256 hash;
  JsonObject members;
  if (request.get(members) == simdjson::SUCCESS) {
    for (const auto member : members) {
      if (member.key == "stream" || member.key == "stream_options") continue;
      std::string key;
      AppendJsonString(member.key, key);
      hash.Update(key);
      hash.Update(simdjson::minify(member.value));
    }
  }
  return ToHex(hash.Finish()).substr(0, 32);
}

}  // namespace larder::builtin
