#include "proxy/search/search_query.h"

#include <array>

#include "proxy/search/collection_spec.h"
#include "proxy/search/filter_json.h"
#include "proxy/search/point.h"
#include "proxy/search/request_json.h"
#include "proxy/search/vector_json.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, 12> kFields = {
    "query",     "model",          "top_k",     "collection", "filter",       "min_score",
    "namespace", "return_vectors", "ef_search", "dimensions", "max_distance", "exact"};

Status ParseWhat(JsonElement root, SearchQuery& query) {
  const auto what = Member(root, "query");
  if (what && what->is_string()) {
    query.text = StringMember(root, "query").value_or("");
    if (query.text.empty()) return InvalidArgument("query must not be empty", "query");
    return {};
  }
  if (!what || !what->is_array()) {
    return InvalidArgument("query must be a text or a list of numbers", "query");
  }
  LARDER_ASSIGN_OR_RETURN(query.vector, ParseVector(*what, "query"));
  // What a collection demands of a vector is its own.
  return query.collection.empty() ? CheckVector(query.vector, 0, Metric::kCosine, "query")
                                  : CheckVector(query.vector, 0, Metric::kDot, "query");
}

// The members that speak of a collection's points.
Status ParseCollectionPart(JsonElement root, SearchQuery& query) {
  LARDER_ASSIGN_OR_RETURN(query.collection, TextMember(root, "collection"));
  if (query.collection.empty()) {
    for (const std::string name : {"filter", "namespace", "max_distance"}) {
      if (GivenMember(root, name)) {
        return InvalidArgument(name + " can be given beside a collection only", name);
      }
    }
    return {};
  }
  if (GivenMember(root, "dimensions")) {
    return InvalidArgument("dimensions are the collection's own; leave them out", "dimensions");
  }
  std::optional<Filter> filter;
  if (const auto given = GivenMember(root, "filter")) {
    LARDER_ASSIGN_OR_RETURN(filter, ParseFilter(*given));
  }
  LARDER_ASSIGN_OR_RETURN(const std::string name_space, TextMember(root, "namespace"));
  query.filter = WithinNamespace(std::move(filter), name_space);
  LARDER_ASSIGN_OR_RETURN(query.max_distance, ScoreMember(root, "max_distance"));
  return {};
}

}  // namespace

Result<SearchQuery> ParseSearchQuery(std::string_view body) {
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, ParseRequestObject(body, kFields));
  const JsonElement root = document.root();
  SearchQuery query;
  LARDER_RETURN_IF_ERROR(ParseCollectionPart(root, query));
  LARDER_ASSIGN_OR_RETURN(query.model, TextMember(root, "model"));
  if (query.model.empty() && query.collection.empty()) {
    return InvalidArgument("model must name the embedding model whose texts are to be searched",
                           "model");
  }
  LARDER_RETURN_IF_ERROR(ParseWhat(root, query));
  LARDER_ASSIGN_OR_RETURN(const std::int64_t top_k,
                          WholeMember(root, "top_k", 1, static_cast<std::int64_t>(kMaxTopK), 10));
  LARDER_ASSIGN_OR_RETURN(
      const std::int64_t ef,
      WholeMember(root, "ef_search", 1, static_cast<std::int64_t>(kMaxEfSearch), 0));
  LARDER_ASSIGN_OR_RETURN(
      const std::int64_t dimensions,
      WholeMember(root, "dimensions", 1, static_cast<std::int64_t>(kMaxDimensions), 0));
  query.top_k = static_cast<std::size_t>(top_k);
  query.ef_search = static_cast<std::size_t>(ef);
  if (dimensions > 0) query.dimensions = dimensions;
  LARDER_ASSIGN_OR_RETURN(query.min_score, ScoreMember(root, "min_score"));
  LARDER_ASSIGN_OR_RETURN(query.exact, FlagMember(root, "exact", false));
  LARDER_ASSIGN_OR_RETURN(query.return_vectors, FlagMember(root, "return_vectors", false));
  return query;
}

std::optional<Filter> WithinNamespace(std::optional<Filter> filter, const std::string& name_space) {
  if (name_space.empty()) return filter;
  Filter within = Filter::Compare(Filter::Op::kEq, std::string(kNamespaceField), {name_space});
  if (!filter) return within;
  return Filter::And({std::move(within), std::move(*filter)});
}

}  // namespace larder
