#include "proxy/admin/entry_conditions.h"

#include <algorithm>
#include <array>

#include "proxy/http/message.h"
#include "proxy/search/request_json.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, 11> kPurgeFields = {
    "layer",  "model",        "partition", "namespace", "key",    "input",
    "prefix", "older_than_s", "all",       "dry_run",   "compact"};
constexpr std::int64_t kTenYears = std::int64_t{3650} * 86'400;

Result<EntryLayer> ParseLayer(std::string_view name) {
  for (const EntryLayer layer : {EntryLayer::kEmbeddings, EntryLayer::kResponses}) {
    if (EntryLayerName(layer) == name) return layer;
  }
  return InvalidArgument("layer must be \"embeddings\" or \"responses\"", "layer");
}

// In lower case, as ids are.
Result<std::string> ParsePartition(std::string_view text) {
  const bool hex = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
  // "all" is the one of cache.embeddings.share = "all".
  if (text != "all" && (!hex || text.size() < 8 || text.size() > 32)) {
    return InvalidArgument("partition must be 8 to 32 hexadecimal digits", "partition");
  }
  std::string id(text);
  for (char& c : id) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  return id;
}

// A member that is a text of at least one character; nullopt when it is absent or null.
Result<std::optional<std::string>> GivenText(JsonElement root, const std::string& name) {
  LARDER_ASSIGN_OR_RETURN(std::string text, TextMember(root, name));
  if (!GivenMember(root, name)) return std::optional<std::string>();
  if (text.empty()) return InvalidArgument(name + " must not be empty", name);
  return std::optional<std::string>(std::move(text));
}

Status ParseConditions(JsonElement root, EntryFilter& filter) {
  LARDER_ASSIGN_OR_RETURN(const auto layer, GivenText(root, "layer"));
  if (layer) {
    LARDER_ASSIGN_OR_RETURN(filter.layer, ParseLayer(*layer));
  }
  LARDER_ASSIGN_OR_RETURN(const auto model, GivenText(root, "model"));
  filter.model = model.value_or("");
  LARDER_ASSIGN_OR_RETURN(const auto partition, GivenText(root, "partition"));
  if (partition) {
    LARDER_ASSIGN_OR_RETURN(filter.partition, ParsePartition(*partition));
  }
  LARDER_ASSIGN_OR_RETURN(auto name_space, TextMember(root, "namespace"));
  if (GivenMember(root, "namespace")) filter.name_space = std::move(name_space);
  LARDER_ASSIGN_OR_RETURN(const auto key, GivenText(root, "key"));
  if (key) {
    filter.key = DigestFromHex(*key);
    if (!filter.key) return InvalidArgument("key must be 64 hexadecimal digits", "key");
  }
  LARDER_ASSIGN_OR_RETURN(filter.input, GivenText(root, "input"));
  if (filter.input && filter.layer == EntryLayer::kResponses) {
    return InvalidArgument("input is of embeddings alone", "input");
  }
  LARDER_ASSIGN_OR_RETURN(const auto prefix, GivenText(root, "prefix"));
  filter.prefix = prefix.value_or("");
  return {};
}

}  // namespace

Result<EntryFilter> FilterOfQuery(std::string_view query) {
  EntryFilter filter;
  if (const auto layer = QueryParameter(query, "layer"); layer && !layer->empty()) {
    LARDER_ASSIGN_OR_RETURN(filter.layer, ParseLayer(*layer));
  }
  filter.model = QueryParameter(query, "model").value_or("");
  if (const auto partition = QueryParameter(query, "partition"); partition && !partition->empty()) {
    LARDER_ASSIGN_OR_RETURN(filter.partition, ParsePartition(*partition));
  }
  filter.name_space = QueryParameter(query, "namespace");
  return filter;
}

Result<PurgeOrder> ParsePurgeOrder(std::string_view body, WallTime now) {
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, ParseRequestObject(body, kPurgeFields));
  const JsonElement root = document.root();
  PurgeOrder order;
  LARDER_RETURN_IF_ERROR(ParseConditions(root, order.filter));
  LARDER_ASSIGN_OR_RETURN(const auto older_than,
                          WholeMember(root, "older_than_s", 0, kTenYears, -1));
  if (older_than >= 0) {
    order.older_than = std::chrono::seconds(older_than);
    order.filter.stored_before = now - *order.older_than;
  }
  LARDER_ASSIGN_OR_RETURN(const bool all, FlagMember(root, "all", false));
  LARDER_ASSIGN_OR_RETURN(order.dry_run, FlagMember(root, "dry_run", false));
  LARDER_ASSIGN_OR_RETURN(order.compact, FlagMember(root, "compact", false));
  if (order.compact && order.dry_run) {
    return InvalidArgument("compact does not go with dry_run, which removes nothing", "compact");
  }
  if (!all && order.filter.IsEmpty() && !order.filter.layer) {
    return InvalidArgument("at least one condition must be given, or \"all\": true", "all");
  }
  if (all && !order.filter.IsEmpty()) {
    return InvalidArgument("all goes with no condition but the layer", "all");
  }
  return order;
}

}  // namespace larder
