#include "proxy/upstream/token_endpoint.h"

#include "proxy/upstream/decode_content.h"
#include "proxy/upstream/retry_policy.h"

namespace larder {
namespace {

using std::chrono::milliseconds;

// "10" or "0.25".
std::string SecondsOf(milliseconds duration) {
  std::string text = std::to_string(duration.count() / 1000);
  if (const auto rest = duration.count() % 1000; rest != 0) {
    std::string digits = std::to_string(1000 + rest).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text;
}

// Of a transport's error, what goes on behind "the token endpoint".
Error Told(const Error& error, milliseconds timeout) {
  const auto reason = [&] {
    constexpr std::string_view kPrefix = "upstream: ";
    const std::string_view message = error.message;
    return std::string(message.substr(message.starts_with(kPrefix) ? kPrefix.size() : 0));
  };
  switch (error.code) {
    case ErrorCode::kCancelled:
      return error;
    case ErrorCode::kDeadlineExceeded:
      return UpstreamError(ErrorCode::kUnavailable,
                           "did not answer within " + SecondsOf(timeout) + " s");
    case ErrorCode::kInvalidReply:
      return UpstreamError(ErrorCode::kInvalidReply, "answered what is not HTTP: " + reason());
    case ErrorCode::kTooLarge:
      return UpstreamError(
          ErrorCode::kInvalidReply,
          "answered more than " + std::to_string(kMaxTokenReplyBytes / 1024) + " KiB");
    default:
      return UpstreamError(ErrorCode::kUnavailable, "could not be asked: " + reason());
  }
}

}  // namespace

TokenEndpoint::TokenEndpoint(OAuthOptions options, std::optional<Rs256Key> key,
                             Transport& transport, const Clock& clock)
    : options_(std::move(options)), key_(std::move(key)), transport_(transport), clock_(clock) {}

Result<std::unique_ptr<TokenEndpoint>> TokenEndpoint::Create(OAuthOptions options,
                                                             Transport& transport,
                                                             const Clock& clock) {
  std::optional<Rs256Key> key;
  if (!options.service_account.client_email.empty()) {
    auto parsed = Rs256Key::Parse(options.service_account.private_key);
    if (!parsed.ok()) {
      return InvalidArgument("the service account's private_key " + parsed.error().message);
    }
    key = std::move(parsed).value();
  }
  return std::unique_ptr<TokenEndpoint>(
      new TokenEndpoint(std::move(options), std::move(key), transport, clock));
}

TokenEndpoint::Outcome TokenEndpoint::Ask() {
  auto request = key_ ? AssertionRequest(options_, *key_, clock_.Now())
                      : Result<UpstreamRequest>(ClientCredentialsRequest(options_));
  if (!request.ok()) return {request.error()};
  const auto answer = Post(options_.endpoint(), std::move(request).value());
  if (!answer.ok()) return {answer.error()};
  return {ParseTokenReply(answer->status, answer->body),
          PauseAskedFor(answer->headers, clock_.Now())};
}

Result<bool> TokenEndpoint::Revoke(std::string_view token) {
  if (options_.revocation_url.empty()) return false;
  LARDER_ASSIGN_OR_RETURN(const Answer answer,
                          Post(options_.revocation_url, RevocationRequest(options_, token)));
  if (answer.status < 200 || answer.status > 299) {
    return UpstreamError(ErrorCode::kUnavailable,
                         "answered with status " + std::to_string(answer.status));
  }
  return true;
}

Result<TokenEndpoint::Answer> TokenEndpoint::Post(const std::string& url, UpstreamRequest request) {
  request.first_byte_timeout = options_.timeout;
  request.idle_timeout = options_.timeout;
  request.total_timeout = options_.timeout;
  auto reply = transport_.Send(url, std::move(request));
  if (!reply.ok()) return Told(reply.error(), options_.timeout);
  if (!DecodeContent(*reply)) {
    return UpstreamError(ErrorCode::kInvalidReply, "answered in a content coding of its own");
  }
  // Until the transport's own deadline, which comes first.
  const MonoTime deadline = std::chrono::steady_clock::now() + 2 * options_.timeout;
  auto body = ReadWhole(*reply->body, kMaxTokenReplyBytes, deadline);
  if (!body.ok()) return Told(body.error(), options_.timeout);
  return Answer{reply->status, std::move(reply->headers), std::move(body).value()};
}

}  // namespace larder
