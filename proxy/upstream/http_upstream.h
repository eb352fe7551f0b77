// HttpUpstream: a provider behind a base URL, over a Transport. Thread-safe.
#pragma once

#include "proxy/upstream/transport.h"
#include "proxy/upstream/upstream_options.h"

namespace larder {

class HttpUpstream final : public Upstream {
 public:
  // Of `options` it uses name, url, api_key, api_key_header and the timeouts. `url` is http:// or
  // https://, without a trailing slash: "https://api.openai.com/v1". Requests go over `exchanges`,
  // websockets over `tunnels`; both outlive it.
  HttpUpstream(UpstreamOptions options, Transport& exchanges, Transport& tunnels);
  HttpUpstream(UpstreamOptions options, Transport& transport);
  // With the client's credentials and default timeouts.
  HttpUpstream(std::string url, Transport& transport);

  // The base URL.
  const std::string& name() const override { return options_.url; }
  // The configured name.
  const std::string& label() const override { return options_.name; }
  // Each timeout is the shorter one of the request's and the options'. With an api_key no
  // credential of the client's leaves (proxy/credential_fields.h), and the key goes in its place.
  Result<UpstreamReply> Send(UpstreamRequest request) override;
  // The same of the key and of the first-byte timeout. "https" is a websocket's "wss".
  Result<UpstreamReply> OpenTunnel(UpstreamRequest request) override;

 private:
  // Where the request goes; puts the configured key into it.
  std::string Direct(UpstreamRequest& request) const;

  const UpstreamOptions options_;
  const std::string origin_;
  Transport& exchanges_;
  Transport& tunnels_;
};

}  // namespace larder
