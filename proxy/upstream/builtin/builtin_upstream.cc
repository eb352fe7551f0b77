#include "proxy/upstream/builtin/builtin_upstream.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/json/json.h"
#include "proxy/upstream/builtin/endpoints.h"
#include "proxy/upstream/builtin/reply.h"

namespace larder {
namespace {

constexpr std::size_t kMaxBodyBytes = 25'000'000;
constexpr std::string_view kModelsPath = "/models";
constexpr std::string_view kModelPrefix = "/models/";

using PostEndpoint = Result<UpstreamReply> (*)(JsonElement request, const BuiltinOptions& options);

constexpr std::array<std::pair<std::string_view, PostEndpoint>, 5> kPostEndpoints = {{
    {"/embeddings", builtin::AnswerEmbeddings},
    {"/chat/completions", builtin::AnswerChat},
    {"/completions", builtin::AnswerCompletions},
    {"/responses", builtin::AnswerResponses},
    {"/moderations", builtin::AnswerModerations},
}};

// The request line for a message: printable ASCII, of bounded length, without the query.
std::string Describe(std::string_view method, std::string_view path) {
  constexpr std::size_t kMaxShown = 200;
  std::string shown = std::string(method).append(" ").append(path).substr(0, kMaxShown);
  std::ranges::replace_if(
      shown, [](char c) { return c < ' ' || c > '~'; }, '?');
  return shown;
}

std::string NotServed(std::string_view method, std::string_view path) {
  return "Larder's built-in stand-in does not serve " + Describe(method, path) +
         ". For a real provider start Larder with --upstream https://api.openai.com/v1 or with "
         "OPENAI_API_KEY set.";
}

UpstreamReply NotAllowed(std::string_view method, std::string_view path, std::string allowed) {
  UpstreamReply reply =
      builtin::ErrorReply(405, NotServed(method, path), "", "method_not_supported");
  reply.headers.Add("Allow", std::move(allowed));
  return reply;
}

UpstreamReply TooLarge() {
  return builtin::ErrorReply(
      413,
      "The body is larger than " + std::to_string(kMaxBodyBytes) + " bytes: send less at once.", "",
      "request_too_large");
}

// The path below the base of what Azure's clients ask for: "/openai/deployments/{model}/embeddings"
// and
// "/openai/v1/embeddings" are "/embeddings". The model is taken from the body.
std::string_view BelowAzureBase(std::string_view path) {
  constexpr std::string_view kDeployments = "/openai/deployments/";
  constexpr std::string_view kV1 = "/openai/v1";
  if (path.starts_with(kV1)) return path.substr(kV1.size());
  if (!path.starts_with(kDeployments)) return path;
  const std::size_t end = path.find('/', kDeployments.size());
  return end == std::string_view::npos ? path : path.substr(end);
}

// 400 or 404 for what the request got wrong; any other error stays one.
Result<UpstreamReply> Render(Result<UpstreamReply> answer) {
  if (answer.ok()) return answer;
  const Error& error = answer.error();
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
      return builtin::ErrorReply(400, error.message, error.param, "");
    case ErrorCode::kNotFound:
      return builtin::ErrorReply(404, error.message, error.param, "model_not_found");
    default:
      return answer;
  }
}

Result<UpstreamReply> AnswerPost(PostEndpoint endpoint, std::string_view body,
                                 const BuiltinOptions& options) {
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(body));
  if (!document.root().is_object()) return InvalidArgument("the body must be a JSON object");
  return endpoint(document.root(), options);
}

}  // namespace

Result<UpstreamReply> BuiltinUpstream::Send(UpstreamRequest request) {
  Result<UpstreamReply> reply = Answer(request);
  if (reply.ok()) {
    reply->headers.Set("x-request-id", "req_builtin_" + std::to_string(++calls_));
  }
  return reply;
}

Result<UpstreamReply> BuiltinUpstream::Answer(UpstreamRequest& request) const {
  const std::string_view target = request.path_and_query;
  const std::string_view whole_path = target.substr(0, target.find('?'));
  const std::string_view path = request.from_origin ? BelowAzureBase(whole_path) : whole_path;
  if (path == kModelsPath ||
      (path.starts_with(kModelPrefix) && path.size() > kModelPrefix.size())) {
    if (request.method != "GET") return NotAllowed(request.method, path, "GET");
    if (path == kModelsPath) return builtin::ListModels();
    return Render(builtin::DescribeModel(path.substr(kModelPrefix.size())));
  }
  const auto* const found =
      std::ranges::find(kPostEndpoints, path, [](const auto& endpoint) { return endpoint.first; });
  if (found == kPostEndpoints.end()) {
    return builtin::ErrorReply(404, NotServed(request.method, path), "", "unknown_url");
  }
  if (request.method != "POST") return NotAllowed(request.method, path, "POST");
  if (request.body_source != nullptr) {
    auto body = ReadWhole(*request.body_source, kMaxBodyBytes,
                          SystemClock().Monotonic() + request.first_byte_timeout);
    if (!body.ok() && body.error().code == ErrorCode::kTooLarge) return TooLarge();
    if (!body.ok()) return body.error();
    request.body = std::move(body).value();
  }
  if (request.body.size() > kMaxBodyBytes) return TooLarge();
  return Render(AnswerPost(found->second, request.body, options_));
}

}  // namespace larder
