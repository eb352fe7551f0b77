#include "proxy/upstream/token_request.h"

#include "base/base64.h"
#include "base/base64url.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

class Form {
 public:
  Form& Add(std::string_view name, std::string_view value) {
    if (!body_.empty()) body_ += '&';
    body_ += FormEncode(name);
    body_ += '=';
    body_ += FormEncode(value);
    return *this;
  }
  Form& AddGiven(std::string_view name, std::string_view value) {
    return value.empty() ? *this : Add(name, value);
  }
  std::string Take() { return std::move(body_); }

 private:
  std::string body_;
};

UpstreamRequest Post() {
  return {.method = "POST",
          .headers = {{"content-type", "application/x-www-form-urlencoded"},
                      {"accept", "application/json"},
                      {"accept-encoding", "identity"},
                      {"user-agent", "larder"}}};
}

// Adds who asks: to the form, or to the request.
void Authenticate(const OAuthOptions& options, UpstreamRequest& request, Form& form) {
  if (options.client_id.empty()) return;
  if (options.auth == OAuthClientAuth::kPost) {
    form.Add("client_id", options.client_id).Add("client_secret", options.client_secret);
    return;
  }
  std::string basic = "Basic ";
  AppendBase64(FormEncode(options.client_id) + ":" + FormEncode(options.client_secret), basic);
  request.headers.Add("authorization", basic);
}

std::string HeaderJson(const ServiceAccount& account) {
  JsonWriter json;
  json.BeginObject().Member("alg", "RS256").Member("typ", "JWT");
  if (!account.private_key_id.empty()) json.Member("kid", account.private_key_id);
  json.EndObject();
  return json.Take();
}

std::string ClaimsJson(const OAuthOptions& options, WallTime now) {
  const std::int64_t issued = ToUnixMillis(now) / 1000;
  JsonWriter json;
  json.BeginObject().Member("iss", options.service_account.client_email);
  json.Member("scope",
              options.scope.empty() ? kServiceAccountScope : std::string_view(options.scope));
  json.Member("aud", options.audience.empty() ? options.endpoint() : options.audience);
  json.Member("iat", issued).Member("exp", issued + kAssertionLifetime.count()).EndObject();
  return json.Take();
}

}  // namespace

UpstreamRequest ClientCredentialsRequest(const OAuthOptions& options) {
  UpstreamRequest request = Post();
  Form form;
  form.Add("grant_type", "client_credentials");
  form.AddGiven("scope", options.scope).AddGiven("audience", options.audience);
  Authenticate(options, request, form);
  request.body = form.Take();
  return request;
}

Result<UpstreamRequest> AssertionRequest(const OAuthOptions& options, const Rs256Key& key,
                                         WallTime now) {
  std::string assertion = ToBase64Url(HeaderJson(options.service_account)) + "." +
                          ToBase64Url(ClaimsJson(options, now));
  LARDER_ASSIGN_OR_RETURN(const std::string signature, key.Sign(assertion));
  assertion += "." + ToBase64Url(signature);
  UpstreamRequest request = Post();
  request.body = Form()
                     .Add("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
                     .Add("assertion", assertion)
                     .Take();
  return request;
}

UpstreamRequest RevocationRequest(const OAuthOptions& options, std::string_view token) {
  UpstreamRequest request = Post();
  Form form;
  form.Add("token", token).Add("token_type_hint", "access_token");
  Authenticate(options, request, form);
  request.body = form.Take();
  return request;
}

std::string FormEncode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '*' || c == '-' || c == '.' || c == '_';
    if (plain || c == ' ') {
      out += plain ? c : '+';
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace larder
