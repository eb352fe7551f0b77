#include <algorithm>
#include <array>

#include "proxy/upstream/builtin/endpoints.h"
#include "proxy/upstream/builtin/reply.h"

namespace larder::builtin {
namespace {

constexpr std::array kModels = {kHashModel, kEchoModel, kModerationModel};

void AppendModel(std::string_view id, JsonWriter& json) {
  json.BeginObject().Member("id", id).Member("object", "model");
  json.Member("created", kCreated).Member("owned_by", "larder-builtin").EndObject();
}

}  // namespace

UpstreamReply ListModels() {
  JsonWriter json;
  json.BeginObject().Member("object", "list").Key("data").BeginArray();
  for (const std::string_view model : kModels) AppendModel(model, json);
  json.EndArray().EndObject();
  return JsonReply(200, json.Take());
}

Result<UpstreamReply> DescribeModel(std::string_view id) {
  if (std::ranges::find(kModels, id) == kModels.end()) return UnknownModel(id);
  JsonWriter json;
  AppendModel(id, json);
  return JsonReply(200, json.Take());
}

}  // namespace larder::builtin
