#include "proxy/admin/id_token.h"

#include <algorithm>

#include "base/base64url.h"
#include "proxy/pattern.h"

namespace larder {
namespace {

constexpr std::size_t kMaxSubjectBytes = 255;  // OpenID Connect Core, section 2
constexpr std::string_view kSubjectPrefix = "sub:";

Error Refused(std::string_view why) {
  return Error{ErrorCode::kUnauthenticated, ErrorOrigin::kUpstream,
               "the provider's ID token " + std::string(why)};
}

// One of the three parts, as JSON: an object in which no name stands twice, for two readers could
// take different ones.
Result<JsonDocument> ObjectOf(std::string_view part) {
  const auto text = DecodeBase64Url(part);
  if (!text) return Refused("is not base64url");
  auto document = JsonDocument::Parse(*text);
  if (!document.ok() || !document->root().is_object()) return Refused("is no JSON object");
  if (DuplicateMember(document->root())) return Refused("has a member twice");
  return document;
}

bool IsAudience(JsonElement claims, const std::string& client_id, bool& of_many) {
  const auto audience = Member(claims, "aud");
  if (!audience) return false;
  std::string_view one;
  if (audience->get(one) == simdjson::SUCCESS) return one == client_id;
  JsonArray list;
  if (audience->get(list) != simdjson::SUCCESS) return false;
  of_many = list.size() > 1;
  return std::any_of(list.begin(), list.end(), [&](const JsonElement element) {
    std::string_view name;
    return element.get(name) == simdjson::SUCCESS && name == client_id;
  });
}

Status CheckTimes(JsonElement claims, WallTime now) {
  // Numbers of seconds, maybe with a fraction (RFC 7519, section 2).
  const double now_s = static_cast<double>(ToUnixMillis(now)) / 1000;
  const auto leeway = static_cast<double>(kClockLeeway.count());
  const auto expires = NumberMember(claims, "exp");
  const auto issued = NumberMember(claims, "iat");
  if (!expires || !issued) return Refused("does not say from when to when it counts");
  if (now_s >= *expires + leeway) return Refused("has expired; is this server's clock right?");
  if (*issued > now_s + leeway) return Refused("is of the future; is this server's clock right?");
  if (Member(claims, "nbf") &&
      NumberMember(claims, "nbf").value_or(now_s + 2 * leeway) > now_s + leeway) {
    return Refused("does not count yet");
  }
  return {};
}

Result<Identity> CheckClaims(JsonElement claims, const IdTokenRules& rules, WallTime now) {
  if (StringMember(claims, "iss") != rules.issuer) return Refused("is of another issuer");
  bool of_many = false;
  if (!IsAudience(claims, rules.client_id, of_many)) return Refused("is for another client");
  const bool has_party = Member(claims, "azp").has_value();
  if ((of_many || has_party) && StringMember(claims, "azp") != rules.client_id) {
    return Refused("was given to another client");
  }
  LARDER_RETURN_IF_ERROR(CheckTimes(claims, now));
  if (rules.nonce.empty() || StringMember(claims, "nonce") != rules.nonce) {
    return Refused("belongs to another login");
  }
  Identity identity;
  identity.subject = StringMember(claims, "sub").value_or("");
  if (identity.subject.empty() || identity.subject.size() > kMaxSubjectBytes) {
    return Refused("names nobody");
  }
  // Some providers write the boolean as a string.
  if (BoolMember(claims, "email_verified").value_or(false) ||
      StringMember(claims, "email_verified") == "true") {
    identity.email = StringMember(claims, "email").value_or("");
  }
  return identity;
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace

Result<Identity> VerifyIdToken(std::string_view token, const JwkSet& keys,
                               const IdTokenRules& rules, WallTime now) {
  if (token.size() > kMaxIdTokenBytes) return Refused("is longer than 32 KiB");
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return Refused("does not have three parts");
  }
  LARDER_ASSIGN_OR_RETURN(const JsonDocument head, ObjectOf(token.substr(0, first)));
  if (Member(head.root(), "crit")) return Refused("asks for what is not known here");
  const std::string_view algorithm = StringMember(head.root(), "alg").value_or("");
  if (algorithm != "RS256" && algorithm != "ES256") {
    return Refused("is not signed by RS256 or ES256");
  }
  const auto signature = DecodeBase64Url(token.substr(second + 1));
  if (!signature) return Refused("has a signature that is not base64url");
  switch (keys.Verify(algorithm, StringMember(head.root(), "kid").value_or(""),
                      token.substr(0, second), *signature)) {
    case JwkSet::Verdict::kGood:
      break;
    case JwkSet::Verdict::kBad:
      return Refused("has a signature that is not the provider's");
    case JwkSet::Verdict::kNoKey:
      return Error{ErrorCode::kNotFound, ErrorOrigin::kUpstream,
                   "the provider's ID token is signed with a key that the provider does not show"};
  }
  LARDER_ASSIGN_OR_RETURN(const JsonDocument claims,
                          ObjectOf(token.substr(first + 1, second - first - 1)));
  return CheckClaims(claims.root(), rules, now);
}

bool IsAllowed(std::span<const std::string> patterns, const Identity& identity) {
  const std::string email = LowerCase(identity.email);
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    if (pattern.starts_with(kSubjectPrefix)) {
      return MatchesPattern(std::string_view(pattern).substr(kSubjectPrefix.size()),
                            identity.subject);
    }
    return !email.empty() && MatchesPattern(LowerCase(pattern), email);
  });
}

}  // namespace larder
