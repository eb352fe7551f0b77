#include <algorithm>
#include <string>

#include "proxy/upstream/builtin/endpoints.h"
#include "proxy/upstream/builtin/reply.h"

namespace larder::builtin {
namespace {

constexpr std::string_view kCategories[] = {"harassment",
                                            "harassment/threatening",
                                            "hate",
                                            "hate/threatening",
                                            "illicit",
                                            "illicit/violent",
                                            "self-harm",
                                            "self-harm/intent",
                                            "self-harm/instructions",
                                            "sexual",
                                            "sexual/minors",
                                            "violence",
                                            "violence/graphic"};

// One for a string or for the parts of one multi-modal input, else one for each string.
Result<std::size_t> CountInputs(JsonElement request) {
  const auto bad = [] {
    return InvalidArgument("input must be a string, or an array of strings or of content parts",
                           "input");
  };
  const auto input = Member(request, "input");
  if (!input) return bad();
  if (input->is_string()) return std::size_t{1};
  JsonArray array;
  if (input->get(array) != simdjson::SUCCESS || array.size() == 0) return bad();
  const auto all = [&](auto predicate) {
    return std::all_of(array.begin(), array.end(), predicate);
  };
  if (all([](JsonElement element) { return element.is_string(); })) return array.size();
  if (all([](JsonElement element) { return element.is_object(); })) return std::size_t{1};
  return bad();
}

// An object with `value` (JSON) for every category.
std::string ForEachCategory(std::string_view value) {
  JsonWriter json;
  json.BeginObject();
  for (const std::string_view category : kCategories) json.Key(category).Raw(value);
  json.EndObject();
  return json.Take();
}

}  // namespace

Result<UpstreamReply> AnswerModerations(JsonElement request, const BuiltinOptions& /*options*/) {
  LARDER_ASSIGN_OR_RETURN(const std::size_t inputs, CountInputs(request));
  const auto model = StringMember(request, "model");
  JsonWriter json;
  json.BeginObject().Member("id", "modr-" + RequestHash(request));
  json.Member("model", model.value_or(kModerationModel)).Key("results").BeginArray();
  for (std::size_t i = 0; i < inputs; ++i) {
    json.BeginObject().Member("flagged", false);
    json.Key("categories").Raw(ForEachCategory("false"));
    json.Key("category_scores").Raw(ForEachCategory("0.0"));
    json.Key("category_applied_input_types").Raw(ForEachCategory(R"(["text"])")).EndObject();
  }
  json.EndArray().EndObject();
  return JsonReply(200, json.Take());
}

}  // namespace larder::builtin
