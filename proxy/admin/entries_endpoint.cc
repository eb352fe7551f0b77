#include "proxy/admin/entries_endpoint.h"

#include <algorithm>
#include <array>

#include "proxy/admin/entry_conditions.h"
#include "proxy/admin/entry_json.h"
#include "proxy/admin/query_parameters.h"
#include "proxy/openai/errors.h"
#include "proxy/search/request_json.h"

namespace larder {
namespace {

constexpr std::size_t kMostListed = 500;
constexpr std::size_t kListed = 50;

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string Lower(std::string text) {
  for (char& c : text) c = Lower(c);
  return text;
}

// Whether `text` has `sought`, which is in lower case, without regard to ASCII case.
bool Has(std::string_view text, std::string_view sought) {
  return std::search(text.begin(), text.end(), sought.begin(), sought.end(),
                     [](char a, char b) { return Lower(a) == b; }) != text.end();
}

bool HasText(const CatalogEntry& entry, std::string_view sought) {
  if (entry.layer == EntryLayer::kEmbeddings) {
    return entry.input.kind == InputKind::kText && Has(entry.input.input, sought);
  }
  const ResponseEntry& response = entry.response;
  return Has(response.model, sought) || Has(response.path, sought) || Has(response.body, sought);
}

Error NoEntry() {
  return Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream, "there is no entry with this key"};
}

Response Answer(const Result<std::string>& json) {
  return json.ok() ? JsonResponse(200, *json) : RenderError(json.error());
}

}  // namespace

Response EntriesEndpoint::Handle(const Request& request, const std::string& below) {
  if (below.empty()) {
    if (request.method != "DELETE") return Answer(List(request));
    Response refused = RenderError(Error{ErrorCode::kMethodNotAllowed, ErrorOrigin::kDownstream,
                                         "one entry is deleted by its key; POST purge for more"});
    refused.headers.Set("allow", "GET, HEAD");
    return refused;
  }
  const auto key = DigestFromHex(below);
  if (!key) return RenderError(InvalidArgument("a key has 64 hexadecimal digits", "key"));
  return request.method == "DELETE" ? Delete(request, *key) : Answer(Show(request, *key));
}

Result<std::string> EntriesEndpoint::List(const Request& request) const {
  constexpr std::array<std::string_view, 7> kNames = {"layer",     "q",     "model", "partition",
                                                      "namespace", "limit", "cursor"};
  const std::string_view query = request.query();
  LARDER_RETURN_IF_ERROR(CheckParameters(query, kNames));
  LARDER_ASSIGN_OR_RETURN(const EntryFilter filter, FilterOfQuery(query));
  const EntryLayer layer = filter.layer.value_or(EntryLayer::kEmbeddings);
  EntryCatalog::Bounds bounds;
  bounds.with_vectors = true;
  LARDER_ASSIGN_OR_RETURN(bounds.entries, LimitParameter(query, "limit", kMostListed, kListed));
  std::optional<CacheKey> after;
  if (const auto cursor = QueryParameter(query, "cursor"); cursor && !cursor->empty()) {
    after = DigestFromHex(*cursor);
    if (!after) return InvalidArgument("cursor must be a next_cursor of this list", "cursor");
  }
  const std::string sought = Lower(QueryParameter(query, "q").value_or(""));
  bool by_key = false;
  if (IsKeyPrefix(sought)) {
    LARDER_ASSIGN_OR_RETURN(by_key, catalog_.HasKeyWith(layer, sought));
  }
  if (by_key) {
    // Straight to where such keys stand: behind the key before the first of them.
    CacheKey before = *DigestFromHex(sought + std::string(64 - sought.size(), '0'));
    for (std::size_t i = before.size(); i-- > 0 && before[i]-- == 0;) {
    }
    const bool wrapped = before == *DigestFromHex(std::string(64, 'f'));
    if (!wrapped && (!after || *after < before)) after = before;
  }
  bool beyond = false;
  LARDER_ASSIGN_OR_RETURN(const EntryCatalog::Page page,
                          catalog_.Scan(layer, after, bounds, [&](const CatalogEntry& entry) {
                            if (!filter.Matches(entry.Facts())) return false;
                            if (!by_key) return sought.empty() || HasText(entry, sought);
                            const bool begins = KeyBeginsWith(entry.key, sought);
                            beyond = beyond || !begins;
                            return begins;
                          }));
  const WallTime now = clock_.Now();
  JsonWriter json;
  json.BeginObject().Member("layer", EntryLayerName(layer)).Key("data").BeginArray();
  for (const CatalogEntry& entry : page.entries) AppendEntry(entry, lifetimes_, now, json);
  json.EndArray().Key("next_cursor");
  if (page.last && !beyond) {
    json.String(ToHex(*page.last));
  } else {
    json.Null();
  }
  json.Member("scanned", page.scanned).EndObject();
  return json.Take();
}

Result<std::string> EntriesEndpoint::Show(const Request& request, const CacheKey& key) const {
  constexpr std::array<std::string_view, 1> kNames = {"vector"};
  LARDER_RETURN_IF_ERROR(CheckParameters(request.query(), kNames));
  const std::string vector = QueryParameter(request.query(), "vector").value_or("false");
  if (vector != "true" && vector != "false") {
    return InvalidArgument("vector must be true or false", "vector");
  }
  for (const EntryLayer layer : {EntryLayer::kEmbeddings, EntryLayer::kResponses}) {
    LARDER_ASSIGN_OR_RETURN(const auto entry, catalog_.Find(layer, key));
    if (!entry) continue;
    JsonWriter json;
    AppendWholeEntry(*entry, lifetimes_, clock_.Now(), vector == "true", json);
    return json.Take();
  }
  return NoEntry();
}

Response EntriesEndpoint::Delete(const Request& request, const CacheKey& key) {
  if (const Status known = CheckParameters(request.query(), {}); !known.ok()) {
    return RenderError(known.error());
  }
  PurgeOrder order;
  order.filter.key = key;
  const PurgeOutcome outcome = purger_.Run(order, request.peer, {});
  if (!outcome.status.ok()) return RenderError(outcome.status.error());
  if (outcome.counts.deleted == 0) return RenderError(NoEntry());
  return JsonResponse(200, "{\"deleted\":" + std::to_string(outcome.counts.deleted) + "}");
}

}  // namespace larder
