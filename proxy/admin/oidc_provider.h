// OidcProvider: an OpenID provider over HTTP: its description (OpenID Connect Discovery 1.0), its
// keys, and an ID token for a code (RFC 6749, section 4.1.3). Description and keys are remembered
// for an hour. Every call has a deadline, no answer may be larger than a megabyte, redirects are
// not followed, and what is not HTTPS must be this machine. Errors show no code and no secret.
// Thread-safe; waits for the network: on a worker or a fiber.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "proxy/admin/admin_options.h"
#include "proxy/admin/jwk_set.h"
#include "proxy/upstream/transport.h"

namespace larder {

// What its description says of an OpenID provider.
struct OidcDescription {
  std::string authorization_url;
  std::string token_url;
  std::string keys_url;
  // The client's secret goes into the body, for it is not taken as HTTP's Basic.
  bool secret_in_body = false;
};

// Errors: kInvalidReply (not a description, of another issuer, or it names an address that
// IsOidcUrl refuses).
Result<OidcDescription> ParseOidcDescription(std::string_view json, const std::string& issuer);

// Whether secrets may go there: https, or http on this machine, with a host and without user
// information or fragment.
bool IsOidcUrl(std::string_view url);

class OidcProvider {
 public:
  static constexpr std::chrono::seconds kPatience{10};  // for one answer
  static constexpr std::chrono::hours kRemembered{1};
  // Between two looks at the keys for one that is not among them.
  static constexpr std::chrono::seconds kBetweenKeys{30};
  static constexpr std::size_t kMostBytes = std::size_t{1} << 20;
  static constexpr int kMostAtOnce = 8;  // calls; the next is refused

  struct Transports {
    Transport& https;
    Transport& http;
  };
  // All outlive it.
  OidcProvider(const OidcOptions& options, Transports transports, const Clock& clock)
      : options_(options), transports_(transports), clock_(clock) {}

  // Errors of all three: kUnavailable, kDeadlineExceeded, kInvalidReply, kTooLarge, kOverloaded,
  // kCancelled.
  Result<OidcDescription> Describe();
  // `newer`: the remembered ones will not do. They may be returned all the same: kBetweenKeys.
  Result<JwkSet> Keys(bool newer);
  // Also kUnauthenticated: the provider does not take the code.
  Result<std::string> IdTokenFor(const std::string& code, const std::string& code_verifier);

 private:
  struct Answer {
    int status = 0;
    std::string body;
  };
  template <typename T>
  struct Remembered {
    std::optional<T> value;
    MonoTime at{};
  };
  Result<Answer> Ask(std::string_view what, const std::string& url, UpstreamRequest request);
  Result<Answer> Get(std::string_view what, const std::string& url);

  const OidcOptions& options_;
  const Transports transports_;
  const Clock& clock_;
  std::atomic<int> under_way_{0};
  Mutex mutex_;
  Remembered<OidcDescription> description_ LARDER_GUARDED_BY(mutex_);
  Remembered<JwkSet> keys_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder
