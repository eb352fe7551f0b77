// What is sent to a token endpoint, and to one that revokes tokens. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "proxy/upstream/oauth_options.h"
#include "proxy/upstream/rs256_key.h"
#include "proxy/upstream/upstream.h"

namespace larder {

// An assertion is good for this long (RFC 7523, section 3, has no limit; Google's is an hour).
inline constexpr std::chrono::seconds kAssertionLifetime{3600};
// What a service account asks for when no scope is set: Google's, of everything that the account
// may do.
inline constexpr std::string_view kServiceAccountScope =
    "https://www.googleapis.com/auth/cloud-platform";

// A token for the client's own credentials (RFC 6749, section 4.4.2). The client shows its secret
// as `options.auth` says (section 2.3.1): by HTTP Basic, both parts form-encoded before, or in the
// form.
UpstreamRequest ClientCredentialsRequest(const OAuthOptions& options);

// A token for an assertion of the service account (RFC 7523, section 2.1), signed with RS256:
// issuer is the account, audience `options.audience` or the token endpoint, its scope a claim and
// without a subject, as Google wants it. Errors: kInternal.
Result<UpstreamRequest> AssertionRequest(const OAuthOptions& options, const Rs256Key& key,
                                         WallTime now);

// Ends a token (RFC 7009, section 2.1). The client shows its secret, when it has one, as above.
UpstreamRequest RevocationRequest(const OAuthOptions& options, std::string_view token);

// application/x-www-form-urlencoded (URL standard, section 5.2): A-Z a-z 0-9 * - . _ stand for
// themselves, a space is "+", every other byte %XX.
std::string FormEncode(std::string_view text);

}  // namespace larder
