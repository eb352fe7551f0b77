#include "proxy/upstream/authorised_upstream.h"

#include <algorithm>

#include "proxy/credential_fields.h"

namespace larder {
namespace {

using std::chrono::milliseconds;

constexpr int kUnauthorised = 401;

milliseconds Less(milliseconds timeout, milliseconds spent) {
  return std::max(milliseconds(1), timeout - spent);
}

}  // namespace

Result<std::uint64_t> AuthorisedUpstream::Authorise(UpstreamRequest& request) {
  RemoveCredentials(request.headers);
  request.path_and_query = WithoutCredentials(request.path_and_query);
  const MonoTime begun = clock_.Monotonic();
  auto token = tokens_.Get(ShorterTimeout(request.first_byte_timeout, request.total_timeout));
  if (!token.ok()) return token.error();
  const auto spent = std::chrono::duration_cast<milliseconds>(clock_.Monotonic() - begun);
  request.first_byte_timeout = Less(request.first_byte_timeout, spent);
  if (request.total_timeout.count() > 0) {
    request.total_timeout = Less(request.total_timeout, spent);
  }
  request.headers.Set("authorization", "Bearer " + token->text);
  return token->number;
}

Result<UpstreamReply> AuthorisedUpstream::Send(UpstreamRequest request) {
  const milliseconds total = ShorterTimeout(request.total_timeout, total_timeout_);
  request.total_timeout = total;
  const MonoTime begun = clock_.Monotonic();
  LARDER_ASSIGN_OR_RETURN(const std::uint64_t number, Authorise(request));
  if (request.body_source != nullptr && request.body_size == 0) request.body_source = nullptr;
  if (request.body_source != nullptr) {
    auto reply = inner_.Send(std::move(request));
    if (reply.ok() && reply->status == kUnauthorised) tokens_.Reject(number);
    return reply;
  }
  auto reply = inner_.Send(request);
  if (!reply.ok() || reply->status != kUnauthorised || !tokens_.Reject(number)) return reply;
  // Its connection is closed, or free again, before the wait for a token begins.
  reply = UpstreamError(ErrorCode::kUnavailable, "upstream: it is asked again");
  if (total.count() > 0) {
    const auto spent = std::chrono::duration_cast<milliseconds>(clock_.Monotonic() - begun);
    request.total_timeout = Less(total, spent);
  }
  LARDER_ASSIGN_OR_RETURN(const std::uint64_t another, Authorise(request));
  reply = inner_.Send(std::move(request));
  if (reply.ok() && reply->status == kUnauthorised) tokens_.Reject(another);
  return reply;
}

Result<UpstreamReply> AuthorisedUpstream::OpenTunnel(UpstreamRequest request) {
  LARDER_ASSIGN_OR_RETURN(const std::uint64_t number, Authorise(request));
  auto reply = inner_.OpenTunnel(std::move(request));
  if (reply.ok() && reply->status == kUnauthorised) tokens_.Reject(number);
  return reply;
}

}  // namespace larder
