#include "proxy/openai/errors.h"

#include "proxy/json/json_writer.h"

namespace larder {
namespace {

struct Row {
  ErrorCode code;
  int status;
  std::string_view type;
  std::string_view openai_code;
};

constexpr Row kTable[] = {
    {ErrorCode::kInvalidArgument, 400, "invalid_request_error", ""},
    {ErrorCode::kUnauthenticated, 401, "invalid_request_error", "invalid_api_key"},
    {ErrorCode::kForbidden, 403, "invalid_request_error", "forbidden"},
    {ErrorCode::kNotFound, 404, "invalid_request_error", "not_found"},
    {ErrorCode::kMethodNotAllowed, 405, "invalid_request_error", "method_not_allowed"},
    {ErrorCode::kTooLarge, 413, "invalid_request_error", "request_too_large"},
    {ErrorCode::kRateLimited, 429, "rate_limit_error", "rate_limit_exceeded"},
    {ErrorCode::kOverloaded, 503, "server_error", "overloaded"},
    {ErrorCode::kDeadlineExceeded, 504, "server_error", "upstream_timeout"},
    {ErrorCode::kUnavailable, 502, "server_error", "upstream_unavailable"},
    {ErrorCode::kInvalidReply, 502, "server_error", "upstream_invalid_reply"},
    {ErrorCode::kNotCached, 504, "invalid_request_error", "not_cached"},
    {ErrorCode::kLoop, 508, "invalid_request_error", "loop_detected"},
    {ErrorCode::kCorruption, 500, "server_error", "internal_error"},
    {ErrorCode::kIo, 503, "server_error", "storage_unavailable"},
    {ErrorCode::kCancelled, 503, "server_error", "cancelled"},
    {ErrorCode::kInternal, 500, "server_error", "internal_error"},
};

const Row& RowOf(const Error& error) {
  for (const Row& row : kTable) {
    if (row.code == error.code) return row;
  }
  return kTable[std::size(kTable) - 1];
}

}  // namespace

int HttpStatusOf(const Error& error) {
  return RowOf(error).status;
}

Response RenderError(const Error& error) {
  const Row& row = RowOf(error);
  Response response =
      RenderError(row.status, error.message, row.type, error.param, row.openai_code);
  // OpenAI's SDKs repeat every 5xx unless told not to.
  if (error.code == ErrorCode::kNotCached || error.code == ErrorCode::kLoop) {
    response.headers.Set("x-should-retry", "false");
  }
  return response;
}

Response RenderError(int status, std::string_view message, std::string_view type,
                     std::string_view param, std::string_view code) {
  JsonWriter json;
  json.BeginObject().Key("error").BeginObject();
  json.Member("message", message).Member("type", type);
  json.Key("param");
  param.empty() ? json.Null() : json.String(param);
  json.Key("code");
  code.empty() ? json.Null() : json.String(code);
  json.EndObject().EndObject();
  Response response = JsonResponse(status, json.Take());
  if (status == 429 || status == 503) {
    response.headers.Set("retry-after", "1");
    response.headers.Set("retry-after-ms", "1000");
  }
  return response;
}

Response JsonResponse(int status, std::string body) {
  Response response;
  response.status = status;
  response.headers.Add("content-type", "application/json");
  response.body = std::move(body);
  return response;
}

}  // namespace larder
