// An OpenID provider in this process, as a Transport sees it: description, keys, and the exchange
// of a code for a token, with PKCE checked. What a browser would do there is Approve.
// Thread-safety: set up from one thread; Send from any.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/base64url.h"
#include "base/mutex.h"
#include "base/sha256.h"
#include "proxy/admin/oidc_login.h"
#include "proxy/http/message.h"
#include "tests/support/manual_clock.h"
#include "tests/support/test_issuer.h"

namespace larder {

class FakeProvider final : public Transport {
 public:
  static constexpr const char* kIssuer = "https://issuer.example";

  explicit FakeProvider(const Clock& clock) : clock_(clock) {}

  // Claims beside those that every token has: R"("email":"a@b","email_verified":true)".
  std::string claims = R"("email":"jam@example.org","email_verified":true)";
  std::string subject = "user-1";
  std::string description_more;  // further members of the description, with a comma before
  // Answers to all but the description, in place of the right ones.
  std::optional<std::pair<int, std::string>> instead;
  std::optional<ErrorCode> fails;  // every call
  TestIssuer issuer{TestIssuer::Kind::kP256, "one"};
  bool shows_keys = true;

  // The provider's page for `url`, to which somebody says yes: the query that comes back.
  std::string Approve(const std::string& url) {
    const std::string query = url.substr(url.find('?') + 1);
    const auto parameter = [&](const char* name) { return *QueryParameter(query, name); };
    MutexLock lock(mutex_);
    const std::string code = "code-" + std::to_string(codes_.size());
    codes_[code] = {parameter("code_challenge"), parameter("nonce"), parameter("redirect_uri")};
    return "code=" + code + "&state=" + parameter("state");
  }

  Result<UpstreamReply> Send(const std::string& url, UpstreamRequest request) override;
  std::size_t queued() const override { return 0; }
  void Abort() override {}

  // "GET https://..." of each call so far.
  std::vector<std::string> calls() const {
    MutexLock lock(mutex_);
    return calls_;
  }
  std::string last_authorization() const {
    MutexLock lock(mutex_);
    return last_authorization_;
  }

 private:
  struct Grant {
    std::string challenge;
    std::string nonce;
    std::string redirect;
  };
  std::string Token(const Grant& grant) const;

  const Clock& clock_;
  mutable Mutex mutex_;
  std::map<std::string, Grant> codes_ LARDER_GUARDED_BY(mutex_);
  std::vector<std::string> calls_ LARDER_GUARDED_BY(mutex_);
  std::string last_authorization_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder
