#include "proxy/search/points_body.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "proxy/http/form_data.h"
#include "proxy/http/headers.h"
#include "proxy/json/json.h"
#include "proxy/search/metadata_json.h"
#include "proxy/search/request_json.h"
#include "proxy/search/vector_json.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, 5> kFields = {"id", "values", "text", "metadata",
                                                     "namespace"};

Status CheckFields(JsonElement point) {
  JsonObject members;
  if (point.get(members) != simdjson::SUCCESS) return {};
  for (const auto member : members) {
    if (std::find(kFields.begin(), kFields.end(), member.key) == kFields.end()) {
      return InvalidArgument("there is no such field: " + std::string(member.key),
                             std::string(member.key));
    }
  }
  return {};
}

Result<NewPoint> ParsePoint(JsonElement element, const PointsRules& rules) {
  if (!element.is_object()) return InvalidArgument("a point must be an object");
  if (rules.own_shape) LARDER_RETURN_IF_ERROR(CheckFields(element));
  NewPoint point;
  point.id = StringMember(element, "id").value_or("");
  if (point.id.empty() || point.id.size() > rules.max_id_bytes) {
    return InvalidArgument(
        "id must be a text of 1 to " + std::to_string(rules.max_id_bytes) + " bytes", "id");
  }
  if (rules.own_shape) {
    LARDER_ASSIGN_OR_RETURN(point.text, TextMember(element, "text"));
    if (point.text.size() > kMaxPointTextBytes) {
      return InvalidArgument(
          "text must have at most " + std::to_string(kMaxPointTextBytes) + " bytes", "text");
    }
  }
  if (const auto values = GivenMember(element, "values")) {
    LARDER_ASSIGN_OR_RETURN(point.values, ParseVector(*values, "values"));
    LARDER_RETURN_IF_ERROR(CheckVector(point.values, rules.dimensions, rules.metric, "values"));
  } else if (point.text.empty()) {
    return InvalidArgument(
        rules.own_shape ? "values or a text must be given" : "values must be given", "values");
  }
  if (const auto metadata = GivenMember(element, "metadata")) {
    LARDER_RETURN_IF_ERROR([&]() -> Status {
      const auto fields = FlattenMetadata(*metadata);
      return fields.ok() ? Status() : Status(fields.error());
    }());
    point.metadata = simdjson::minify(*metadata);
  }
  LARDER_ASSIGN_OR_RETURN(point.name_space, TextMember(element, "namespace"));
  if (point.name_space.size() > rules.max_namespace_bytes) {
    return InvalidArgument(
        "namespace must have at most " + std::to_string(rules.max_namespace_bytes) + " bytes",
        "namespace");
  }
  return point;
}

// Takes points one by one, as the rules say.
class Gatherer {
 public:
  explicit Gatherer(const PointsRules& rules) : rules_(rules) {}

  Status Take(Result<NewPoint> point, const std::string& place) {
    if (!point.ok()) {
      if (rules_.discard_unparsable) {
        ++body_.discarded;
        return {};
      }
      Error error = point.error();
      error.message.insert(0, place + ": ");
      return error;
    }
    const auto [known, is_new] = places_.try_emplace(point->id, body_.points.size());
    if (!is_new) {
      if (rules_.mode == UpsertMode::kReplace) {
        body_.points[known->second] = std::move(point).value();
      }
      return {};
    }
    if (body_.points.size() == rules_.max_points) {
      return InvalidArgument("there must be at most " + std::to_string(rules_.max_points) +
                             " points in one request");
    }
    body_.points.push_back(std::move(point).value());
    return {};
  }

  Result<PointsBody> Finish() {
    if (body_.points.empty() && body_.discarded == 0) {
      return InvalidArgument("there must be at least one point");
    }
    return std::move(body_);
  }

 private:
  const PointsRules& rules_;
  PointsBody body_;
  std::unordered_map<std::string, std::size_t> places_;
};

Result<PointsBody> ParseLines(std::string_view body, const PointsRules& rules) {
  Gatherer gatherer(rules);
  for (std::size_t line = 1; !body.empty(); ++line) {
    const std::size_t end = body.find('\n');
    const std::string_view text = body.substr(0, end);
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto document = JsonDocument::Parse(text);
    Result<NewPoint> point = document.ok() ? ParsePoint(document->root(), rules)
                                           : Result<NewPoint>(InvalidArgument("is not valid JSON"));
    LARDER_RETURN_IF_ERROR(gatherer.Take(std::move(point), "line " + std::to_string(line)));
  }
  return gatherer.Finish();
}

// The list of points in a JSON body, and its name; nullopt when it has none.
struct List {
  JsonArray items;
  std::string name;
};
std::optional<List> ListIn(JsonElement root, const PointsRules& rules) {
  List list{{}, rules.own_shape ? "points" : "vectors"};
  if (root.get(list.items) == simdjson::SUCCESS) return list;
  JsonObject members;
  if (root.get(members) != simdjson::SUCCESS || members.size() != 1) return std::nullopt;
  for (const char* name : {"points", "vectors"}) {
    const auto member = Member(root, name);
    list.name = name;
    if (member && member->get(list.items) == simdjson::SUCCESS) return list;
  }
  return std::nullopt;
}

Result<PointsBody> ParseList(const List& list, const PointsRules& rules) {
  Gatherer gatherer(rules);
  std::size_t i = 0;
  for (const JsonElement item : list.items) {
    LARDER_RETURN_IF_ERROR(
        gatherer.Take(ParsePoint(item, rules), list.name + "[" + std::to_string(i++) + "]"));
  }
  return gatherer.Finish();
}

}  // namespace

Result<PointsBody> ParsePointsBody(std::string_view content_type, std::string_view body,
                                   const PointsRules& rules) {
  const std::string_view kind = TrimOws(content_type.substr(0, content_type.find(';')));
  if (EqualsIgnoreCase(kind, "multipart/form-data")) {
    const auto part = FindFormPart(content_type, body, "vectors");
    if (!part) return InvalidArgument("the form must have a part \"vectors\"", "vectors");
    return ParseLines(*part, rules);
  }
  for (const char* lines : {"application/x-ndjson", "application/ndjson", "application/jsonl"}) {
    if (EqualsIgnoreCase(kind, lines)) return ParseLines(body, rules);
  }
  const auto document = JsonDocument::Parse(body);
  const auto list = document.ok() ? ListIn(document->root(), rules) : std::nullopt;
  if (list) return ParseList(*list, rules);
  if (!EqualsIgnoreCase(kind, "application/json")) return ParseLines(body, rules);
  if (!document.ok()) return document.error();
  return InvalidArgument("the body must be a list of points, or {\"points\": [...]}", "points");
}

}  // namespace larder
