#include "proxy/admin/entry_line.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "proxy/admin/entry_json.h"
#include "proxy/admin/entry_preview.h"

namespace larder {
namespace {

template <typename T>
std::string_view BytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

void AppendInput(const InputRecord& input, JsonWriter& json) {
  json.Key("input");
  if (input.input.empty()) {
    json.Null();
  } else if (input.kind == InputKind::kText) {
    json.String(input.input);
  } else {
    json.Raw(ReadableInput(input.kind, input.input));
  }
}

void AppendEmbedding(const InputRecord& input, const EmbeddingEntry& entry, JsonWriter& json) {
  const bool wide = !entry.float64.empty();
  json.Member("upstream_model", entry.model);
  json.Member("kind", input.kind == InputKind::kText ? "text" : "tokens");
  AppendInput(input, json);
  std::string values;
  AppendBase64(wide ? BytesOf(entry.float64) : BytesOf(entry.float32), values);
  json.Member("dim", entry.dim()).Member("embedding", values);
  json.Member("type", wide ? "float64" : "float32").Member("shortest_form", entry.shortest_form);
  json.Member("query_only", entry.query_only);
  AppendTokens("prompt_tokens", entry.prompt_tokens, json);
  AppendTokens("total_tokens", entry.total_tokens, json);
}

void AppendAnswer(const ResponseEntry& entry, JsonWriter& json) {
  json.Member("endpoint", entry.path).Member("status", entry.status);
  AppendFields(entry, json);
  json.Member("stream", entry.is_stream);
  AppendBody(entry.body, json);
  AppendTokens("prompt_tokens", entry.prompt_tokens, json);
  AppendTokens("completion_tokens", entry.completion_tokens, json);
}

}  // namespace

std::string RenderEntryLine(const CatalogEntry& entry) {
  const EntryFacts facts = entry.Facts();
  const bool embedding = entry.layer == EntryLayer::kEmbeddings;
  JsonWriter json;
  json.BeginObject().Member("layer", EntryLayerName(entry.layer)).Member("key", ToHex(entry.key));
  json.Member("partition", facts.partition).Member("namespace", facts.name_space);
  json.Member("upstream", embedding ? entry.input.upstream : entry.response.upstream);
  json.Member("model", facts.model);
  if (embedding) {
    AppendEmbedding(entry.input, *entry.embedding, json);
  } else {
    AppendAnswer(entry.response, json);
  }
  json.Member("stored_at_ms", ToUnixMillis(entry.stamp.stored_at));
  json.Member("lifetime_s", entry.stamp.lifetime.count()).EndObject();
  return json.Take() + '\n';
}

}  // namespace larder
