// AuthorisedUpstream: an Upstream that is asked with access tokens (token_source.h) in place of the
// client's credential. A decorator: it works over any Upstream, and stands outside of the one that
// repeats and breaks, since a token endpoint's failure is not upstream's. Thread-safety: as
// Upstream.
#pragma once

#include "proxy/upstream/token_source.h"

namespace larder {

class AuthorisedUpstream final : public Upstream {
 public:
  // `total_timeout`: as UpstreamOptions has it. The others outlive it.
  AuthorisedUpstream(Upstream& inner, TokenSource& tokens, std::chrono::milliseconds total_timeout,
                     const Clock& clock)
      : inner_(inner), tokens_(tokens), total_timeout_(total_timeout), clock_(clock) {}

  const std::string& name() const override { return inner_.name(); }
  const std::string& label() const override { return inner_.label(); }

  // No credential of the client's leaves (proxy/credential_fields.h); Authorization carries the
  // token. A wait for a token counts against the request's timeouts. When upstream answers 401 the
  // token is dropped, and the request is sent once more with another, as long as its body is whole
  // or empty. Errors: TokenSource::Get's, and `inner`'s.
  Result<UpstreamReply> Send(UpstreamRequest request) override;
  // The same but that it is never sent again: what the client sends may be read before the answer.
  Result<UpstreamReply> OpenTunnel(UpstreamRequest request) override;

 private:
  // Puts a token into the request and takes the wait for it off its timeouts; returns its number.
  Result<std::uint64_t> Authorise(UpstreamRequest& request);

  Upstream& inner_;
  TokenSource& tokens_;
  const std::chrono::milliseconds total_timeout_;
  const Clock& clock_;
};

}  // namespace larder
