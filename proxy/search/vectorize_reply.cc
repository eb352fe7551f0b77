#include "proxy/search/vectorize_reply.h"

#include <cinttypes>
#include <cstdio>

#include "proxy/json/json.h"
#include "proxy/json/json_writer.h"
#include "proxy/openai/errors.h"

namespace larder {
namespace {

constexpr int kIndexNotFound = 3000;
constexpr int kIndexExists = 3002;
constexpr int kNoSuchPath = 7003;
constexpr int kNoSuchMethod = 10405;
constexpr int kRefused = 40026;
constexpr int kFailed = 10013;

std::string Envelope(bool success, std::string_view errors, std::string_view result) {
  JsonWriter json;
  json.BeginObject().Member("success", success).Key("errors").Raw(errors).Key("messages").Raw("[]");
  json.Key("result").Raw(result).EndObject();
  return json.Take();
}

int CodeOf(int status) {
  switch (status) {
    case 400:
    case 413:
      return kRefused;
    case 404:
      return kNoSuchPath;
    case 405:
      return kNoSuchMethod;
    default:
      return kFailed;
  }
}

}  // namespace

Response VectorizeAnswer(std::string_view result) {
  return JsonResponse(200, Envelope(true, "[]", result));
}

Response VectorizeError(int status, int code, std::string_view message) {
  JsonWriter errors;
  errors.BeginArray().BeginObject().Member("code", code).Member("message", message);
  errors.EndObject().EndArray();
  return JsonResponse(status, Envelope(false, errors.str(), "null"));
}

Response VectorizeError(const Error& error) {
  return AsVectorizeError(RenderError(error));
}

Response VectorizeIndexNotFound(std::string_view index) {
  return VectorizeError(404, kIndexNotFound,
                        "vectorize.index.not_found - Index name " + JsonString(index));
}

Response VectorizeIndexExists(std::string_view index) {
  return VectorizeError(409, kIndexExists,
                        "vectorize.index.duplicate_name - Index name " + JsonString(index));
}

Response VectorizeRefuseMethod(std::string_view allowed) {
  Response refused =
      VectorizeError(405, kNoSuchMethod, "this path is asked for with " + std::string(allowed));
  refused.headers.Set("allow", std::string(allowed));
  return refused;
}

Response AsVectorizeError(Response response) {
  const auto document = JsonDocument::Parse(response.body);
  const auto error = document.ok() ? Member(document->root(), "error") : std::nullopt;
  const auto message = error ? StringMember(*error, "message") : std::nullopt;
  if (!message) return response;
  const std::string param(StringMember(*error, "param").value_or(""));
  const bool is_named = param.empty() || message->find(param) != std::string_view::npos;
  const std::string text = (is_named ? "" : param + ": ") + std::string(*message);
  Response shaped = VectorizeError(response.status, CodeOf(response.status), text);
  response.body = std::move(shaped.body);
  return response;
}

std::string MutationId(std::uint64_t sequence) {
  char text[40];
  std::snprintf(text, sizeof(text), "00000000-%04" PRIx64 "-8000-8000-%012" PRIx64, sequence >> 48,
                sequence & 0xFFFF'FFFF'FFFF);
  return text;
}

std::string IsoTime(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[48];
  std::snprintf(
      text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

}  // namespace larder
