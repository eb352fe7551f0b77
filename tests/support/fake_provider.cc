#include "tests/support/fake_provider.h"

namespace larder {
namespace {

UpstreamReply Reply(int status, std::string body) {
  return {status,
          {{"content-type", "application/json"}},
          std::make_shared<StringBody>(std::move(body))};
}

}  // namespace

std::string FakeProvider::Token(const Grant& grant) const {
  const std::int64_t now = ToUnixMillis(clock_.Now()) / 1000;
  return issuer.Sign(std::string(R"({"iss":")") + kIssuer + R"(","aud":"larder","sub":")" +
                     subject + R"(","nonce":")" + grant.nonce + R"(","iat":)" +
                     std::to_string(now) + R"(,"exp":)" + std::to_string(now + 300) +
                     (claims.empty() ? "" : "," + claims) + "}");
}

Result<UpstreamReply> FakeProvider::Send(const std::string& url, UpstreamRequest request) {
  MutexLock lock(mutex_);
  calls_.push_back(request.method + " " + url);
  if (fails) return UpstreamError(*fails, "the fake provider was told to fail");
  const std::string at = kIssuer;
  if (url == at + "/.well-known/openid-configuration") {
    return Reply(200, R"({"issuer":")" + at + R"(","authorization_endpoint":")" + at +
                          R"(/authorize?tenant=a","token_endpoint":")" + at +
                          R"(/token","jwks_uri":")" + at + R"(/keys")" + description_more + "}");
  }
  if (instead) return Reply(instead->first, instead->second);
  if (url == at + "/keys") return Reply(200, shows_keys ? issuer.JwkSet() : R"({"keys":[]})");
  last_authorization_ = request.headers.Find("authorization").value_or("");
  const auto field = [&](const char* name) {
    return QueryParameter(request.body, name).value_or("");
  };
  const auto grant = codes_.find(field("code"));
  const bool right =
      grant != codes_.end() && field("grant_type") == "authorization_code" &&
      field("redirect_uri") == grant->second.redirect &&
      ToBase64Url(AsBytes(Sha256Of(field("code_verifier")))) == grant->second.challenge;
  if (!right) return Reply(400, R"({"error":"invalid_grant"})");
  const std::string token = Token(grant->second);
  codes_.erase(grant);
  return Reply(200, R"({"access_token":"x","token_type":"Bearer","id_token":")" + token + "\"}");
}

}  // namespace larder
