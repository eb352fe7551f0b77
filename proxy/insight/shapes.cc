#include "proxy/insight/shapes.h"

#include <algorithm>
#include <array>

#include "proxy/json/canonical_json.h"
#include "proxy/json/json.h"

namespace larder {
namespace {

// What a request is about, in the APIs' words.
constexpr std::array<std::string_view, 4> kContent = {"messages", "input", "prompt", "contents"};

void AddScope(const KeyScope& scope, RequestShape& shape) {
  shape.Add("credential", scope.partition.id());
  shape.Add("namespace", scope.name_space);
  shape.Add("upstream", scope.upstream);
  shape.Add("headers", scope.headers);
}

void AddMembers(std::string_view json, RequestShape& shape) {
  const auto document = JsonDocument::Parse(json);
  JsonObject members;
  if (!document.ok() || document->root().get(members) != simdjson::SUCCESS) return;
  for (const auto [name, value] : members) {
    const std::string text = CanonicalJson(value);
    if (std::find(kContent.begin(), kContent.end(), name) != kContent.end()) {
      shape.AddContent(name, text);
    } else {
      shape.Add(name, text);
    }
  }
}

}  // namespace

RequestShape ShapeOf(const ResponseKeyParts& parts) {
  RequestShape shape;
  if (parts.body.size() > kMaxShapedBody) return shape;
  AddScope(parts.scope, shape);
  shape.Add("path", parts.method + " " + parts.path_and_query);
  shape.Add("custom_key", parts.custom_key);
  if (!parts.body.empty()) AddMembers(parts.body, shape);
  return shape;
}

RequestShape ShapeOf(const EmbeddingScope& parts) {
  RequestShape shape;
  AddScope(parts.scope, shape);
  shape.Add("model", parts.model);
  shape.Add("dimensions", parts.dimensions);
  if (parts.extra != "{}") AddMembers(parts.extra, shape);
  return shape;
}

}  // namespace larder
