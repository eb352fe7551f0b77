#include "proxy/upstream/token_reply.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "proxy/http/headers.h"
#include "proxy/json/json.h"

namespace larder {
namespace {

struct KnownError {
  std::string_view code;
  std::string_view advice;
};
// RFC 6749, sections 5.2 and 4.1.2.1; RFC 8707, section 2.
constexpr std::array kKnownErrors = {
    KnownError{"invalid_client", "check oauth_client_id, its secret and oauth_auth"},
    KnownError{"unauthorized_client", "the client may not use this grant"},
    KnownError{"invalid_scope", "check oauth_scope"},
    KnownError{"invalid_target", "check oauth_audience"},
    KnownError{"invalid_grant", "check the service account's key and this machine's clock"},
    KnownError{"unsupported_grant_type", "oauth_token_url is an endpoint for other grants"},
    KnownError{"invalid_request", "check the oauth_ settings"},
    KnownError{"access_denied", "the client is not allowed to"},
    KnownError{"server_error", "it has trouble of its own"},
    KnownError{"temporarily_unavailable", "it has trouble of its own"},
};

Error Invalid(std::string message) {
  return UpstreamError(ErrorCode::kInvalidReply, std::move(message));
}

// " 7000215": the first of error_codes, which Azure's documentation explains.
std::string AzureNumber(JsonElement root) {
  const auto codes = Member(root, "error_codes");
  JsonArray list;
  std::int64_t number = 0;
  if (!codes || codes->get(list) != simdjson::SUCCESS || list.size() == 0 ||
      list.at(0).get(number) != simdjson::SUCCESS) {
    return "";
  }
  return " " + std::to_string(number);
}

Error Refusal(int status, std::optional<JsonElement> root) {
  const auto code = root ? StringMember(*root, "error") : std::nullopt;
  const auto* known = std::ranges::find(kKnownErrors, code.value_or(""), &KnownError::code);
  if (known != kKnownErrors.end()) {
    return UpstreamError(ErrorCode::kUnavailable, "refused with " + std::string(known->code) +
                                                      AzureNumber(*root) + ": " +
                                                      std::string(known->advice));
  }
  std::string message = "answered with status " + std::to_string(status);
  if (status >= 300 && status < 400) {
    message += "; a secret is not sent on, so oauth_token_url must be where that leads";
  } else if (code) {
    message += " and an error of its own";
  } else if (status == 404 || status == 405) {
    message += ": check oauth_token_url";
  }
  return UpstreamError(ErrorCode::kUnavailable, std::move(message));
}

Result<std::chrono::seconds> LifetimeOf(JsonElement root) {
  const auto given = Member(root, "expires_in");
  if (!given || given->is_null()) return kAssumedTokenLife;
  auto seconds = IntMember(root, "expires_in");
  if (const auto text = StringMember(root, "expires_in")) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error == std::errc() && end == text->data() + text->size()) seconds = number;
  }
  if (!seconds || *seconds <= 0) {
    return Invalid("answered with a token whose expires_in is no number of seconds to come");
  }
  return std::min(kLongestTokenLife, std::chrono::seconds(*seconds));
}

}  // namespace

Result<TokenReply> ParseTokenReply(int status, std::string_view body) {
  const auto document = JsonDocument::Parse(body);
  const bool is_object = document.ok() && document->root().is_object();
  const auto root = is_object ? std::optional(document->root()) : std::nullopt;
  if (status < 200 || status > 299) return Refusal(status, root);
  if (!root) return Invalid("answered with something that is no JSON object");
  const auto token = StringMember(*root, "access_token");
  // Some endpoints refuse with status 200.
  if (!token && StringMember(*root, "error")) return Refusal(status, root);
  if (!token) return Invalid("answered without an access_token");
  const bool sendable =
      std::all_of(token->begin(), token->end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (token->empty() || token->size() > kMaxTokenBytes || !sendable) {
    return Invalid("answered with an access_token that no header field can carry");
  }
  const auto type = StringMember(*root, "token_type");
  if (!type || !EqualsIgnoreCase(*type, "bearer")) {
    return Invalid("answered with a token whose token_type is not \"Bearer\"");
  }
  LARDER_ASSIGN_OR_RETURN(const std::chrono::seconds lifetime, LifetimeOf(*root));
  return TokenReply{std::string(*token), lifetime};
}

}  // namespace larder
