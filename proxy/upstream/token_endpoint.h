// TokenEndpoint: asks a token endpoint, or one that revokes tokens, over a Transport: one answer of
// bounded size within a deadline, no redirects, no repetitions. Thread-safe.
#pragma once

#include <memory>
#include <optional>

#include "proxy/upstream/token_reply.h"
#include "proxy/upstream/token_request.h"
#include "proxy/upstream/transport.h"

namespace larder {

class TokenEndpoint {
 public:
  // `options` are enabled. `transport` and `clock` outlive it.
  // Errors: kInvalidArgument (the service account's key).
  static Result<std::unique_ptr<TokenEndpoint>> Create(OAuthOptions options, Transport& transport,
                                                       const Clock& clock);

  struct Outcome {
    Result<TokenReply> token;
    // What the answer asks for before it is asked again; absent when it does not.
    std::optional<std::chrono::milliseconds> pause = std::nullopt;
  };
  // Blocks until the answer is there, options.timeout at most. Errors besides ParseTokenReply's:
  // kUnavailable (not reached, too slow), kInvalidReply, kTooLarge, kCancelled (the transport was
  // ended); the message goes on behind "the token endpoint" and shows no secret.
  Outcome Ask();

  // Tells the provider that a token is to be good no more. False when no revocation_url is set.
  // Errors: as Ask's, behind "the revocation endpoint".
  Result<bool> Revoke(std::string_view token);

 private:
  struct Answer {
    int status = 0;
    Headers headers;
    std::string body;
  };
  TokenEndpoint(OAuthOptions options, std::optional<Rs256Key> key, Transport& transport,
                const Clock& clock);
  Result<Answer> Post(const std::string& url, UpstreamRequest request);

  const OAuthOptions options_;
  const std::optional<Rs256Key> key_;
  Transport& transport_;
  const Clock& clock_;
};

}  // namespace larder
