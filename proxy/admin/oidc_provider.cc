#include "proxy/admin/oidc_provider.h"

#include "base/base64.h"
#include "proxy/admin/access.h"
#include "proxy/http/percent_encode.h"
#include "proxy/upstream/decode_content.h"

namespace larder {
namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

Error Wrong(std::string message) {
  return UpstreamError(ErrorCode::kInvalidReply, "the OpenID provider " + std::move(message));
}

// Whether a list of words in the description has this one; true when there is no such list.
bool Lists(JsonElement description, std::string_view name, std::string_view word) {
  const auto listed = Member(description, name);
  JsonArray words;
  if (!listed || listed->get(words) != simdjson::SUCCESS) return true;
  for (const JsonElement each : words) {
    std::string_view text;
    if (each.get(text) == simdjson::SUCCESS && text == word) return true;
  }
  return false;
}

std::string WithoutSlash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::string FormOf(const std::vector<std::pair<std::string_view, std::string>>& fields) {
  std::string form;
  for (const auto& [name, value] : fields) {
    form += (form.empty() ? "" : "&") + std::string(name) + "=" + PercentEncode(value);
  }
  return form;
}

}  // namespace

bool IsOidcUrl(std::string_view url) {
  const bool https = url.starts_with("https://");
  if (!https && !url.starts_with("http://")) return false;
  for (const char c : url) {
    if (c <= ' ' || c >= 0x7f || c == '#' || c == '\\') return false;
  }
  const std::string_view rest = url.substr(url.find("://") + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  if (authority.empty() || authority.find('@') != std::string_view::npos) return false;
  if (https) return true;
  if (authority.starts_with("[::1]")) return authority.size() == 5 || authority[5] == ':';
  return IsLoopback(std::string(authority.substr(0, authority.find(':'))));
}

Result<OidcDescription> ParseOidcDescription(std::string_view json, const std::string& issuer) {
  const auto document = JsonDocument::Parse(json);
  if (!document.ok() || !document->root().is_object()) return Wrong("describes itself in no JSON");
  const JsonElement root = document->root();
  if (StringMember(root, "issuer") != issuer) {
    return Wrong("calls itself by another name than admin.oidc_issuer; write it there exactly so");
  }
  OidcDescription description;
  const auto take = [&](std::string_view name, std::string& url) {
    url = StringMember(root, name).value_or("");
    return IsOidcUrl(url);
  };
  if (!take("authorization_endpoint", description.authorization_url) ||
      !take("token_endpoint", description.token_url) || !take("jwks_uri", description.keys_url)) {
    return Wrong("does not name its endpoints, or one that is not https");
  }
  if (!Lists(root, "code_challenge_methods_supported", "S256")) {
    return Wrong("does not know PKCE's S256");
  }
  constexpr std::string_view kMethods = "token_endpoint_auth_methods_supported";
  description.secret_in_body =
      !Lists(root, kMethods, "client_secret_basic") && Lists(root, kMethods, "client_secret_post");
  return description;
}

Result<OidcProvider::Answer> OidcProvider::Ask(std::string_view what, const std::string& url,
                                               UpstreamRequest request) {
  struct Turn {
    explicit Turn(std::atomic<int>& c) : count(c), number(c.fetch_add(1)) {}
    ~Turn() { count.fetch_sub(1); }
    std::atomic<int>& count;
    const int number;
  };
  const Turn turn(under_way_);
  if (turn.number >= kMostAtOnce) {
    return Error{ErrorCode::kOverloaded, ErrorOrigin::kSelf,
                 "too many logins wait for the OpenID provider; try again shortly"};
  }
  request.headers.Add("accept", "application/json");
  request.headers.Add("accept-encoding", "identity");
  request.first_byte_timeout = kPatience;
  request.idle_timeout = kPatience;
  request.total_timeout = kPatience;
  Transport& transport = url.starts_with("https://") ? transports_.https : transports_.http;
  const auto failed = [&](const Error& error) {
    return UpstreamError(error.code, "the OpenID provider's " + std::string(what) +
                                         " could not be had: " + error.message);
  };
  auto reply = transport.Send(url, std::move(request));
  if (!reply.ok()) return failed(reply.error());
  if (!DecodeContent(*reply)) return Wrong("answers in a content coding that nobody asked for");
  // The transport's own deadline comes first.
  auto body = ReadWhole(*reply->body, kMostBytes, std::chrono::steady_clock::now() + 2 * kPatience);
  if (!body.ok()) return failed(body.error());
  return Answer{reply->status, std::move(body).value()};
}

Result<OidcProvider::Answer> OidcProvider::Get(std::string_view what, const std::string& url) {
  UpstreamRequest request;
  request.method = "GET";
  LARDER_ASSIGN_OR_RETURN(Answer answer, Ask(what, url, std::move(request)));
  if (answer.status == 200) return answer;
  return Wrong("answers status " + std::to_string(answer.status) + " for its " + std::string(what));
}

Result<OidcDescription> OidcProvider::Describe() {
  const MonoTime now = clock_.Monotonic();
  {
    MutexLock lock(mutex_);
    if (description_.value && now - description_.at < kRemembered) return *description_.value;
  }
  LARDER_ASSIGN_OR_RETURN(
      const Answer answer,
      Get("description", WithoutSlash(options_.issuer) + "/.well-known/openid-configuration"));
  LARDER_ASSIGN_OR_RETURN(OidcDescription description,
                          ParseOidcDescription(answer.body, options_.issuer));
  MutexLock lock(mutex_);
  description_ = {description, now};
  return description;
}

Result<JwkSet> OidcProvider::Keys(bool newer) {
  const MonoTime now = clock_.Monotonic();
  {
    MutexLock lock(mutex_);
    const auto age = now - keys_.at;
    if (keys_.value && age < (newer ? std::chrono::seconds(kBetweenKeys) : kRemembered)) {
      return *keys_.value;
    }
  }
  LARDER_ASSIGN_OR_RETURN(const OidcDescription description, Describe());
  LARDER_ASSIGN_OR_RETURN(const Answer answer, Get("keys", description.keys_url));
  LARDER_ASSIGN_OR_RETURN(JwkSet keys, JwkSet::Parse(answer.body));
  MutexLock lock(mutex_);
  keys_ = {keys, now};
  return keys;
}

Result<std::string> OidcProvider::IdTokenFor(const std::string& code,
                                             const std::string& code_verifier) {
  LARDER_ASSIGN_OR_RETURN(const OidcDescription description, Describe());
  std::vector<std::pair<std::string_view, std::string>> fields = {
      {"grant_type", "authorization_code"},
      {"code", code},
      {"redirect_uri", options_.redirect_url},
      {"code_verifier", code_verifier}};
  UpstreamRequest request;
  request.method = "POST";
  request.headers.Add("content-type", std::string(kForm));
  const std::string& secret = options_.client_secret;
  if (secret.empty() || description.secret_in_body) {
    fields.emplace_back("client_id", options_.client_id);
    if (!secret.empty()) fields.emplace_back("client_secret", secret);
  } else {
    // Both encoded before they are joined (RFC 6749, section 2.3.1).
    std::string basic = "Basic ";
    AppendBase64(PercentEncode(options_.client_id) + ":" + PercentEncode(secret), basic);
    request.headers.Add("authorization", std::move(basic));
  }
  request.body = FormOf(fields);
  LARDER_ASSIGN_OR_RETURN(const Answer answer,
                          Ask("token", description.token_url, std::move(request)));
  const auto document = JsonDocument::Parse(answer.body);
  if (answer.status != 200) {
    const bool code_refused =
        document.ok() && StringMember(document->root(), "error") == "invalid_grant";
    if (code_refused) {
      return Error{ErrorCode::kUnauthenticated, ErrorOrigin::kUpstream,
                   "the OpenID provider does not take the code of this login; log in again"};
    }
    return Wrong("answers status " + std::to_string(answer.status) +
                 " instead of a token; are admin.oidc_client_id, its secret and "
                 "admin.oidc_redirect_url what is registered there?");
  }
  const auto token = document.ok() ? StringMember(document->root(), "id_token") : std::nullopt;
  if (!token) return Wrong("gives no ID token");
  return std::string(*token);
}

}  // namespace larder
