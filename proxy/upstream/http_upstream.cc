#include "proxy/upstream/http_upstream.h"

#include <algorithm>

#include "proxy/credential_fields.h"

namespace larder {
namespace {

// "https://api.openai.com" of "https://api.openai.com/v1".
std::string OriginOf(const std::string& url) {
  return url.substr(0, url.find('/', url.find("://") + 3));
}

UpstreamOptions Plain(std::string url) {
  UpstreamOptions options;
  options.url = std::move(url);
  return options;
}

}  // namespace

HttpUpstream::HttpUpstream(UpstreamOptions options, Transport& exchanges, Transport& tunnels)
    : options_(std::move(options)),
      origin_(OriginOf(options_.url)),
      exchanges_(exchanges),
      tunnels_(tunnels) {}

HttpUpstream::HttpUpstream(UpstreamOptions options, Transport& transport)
    : HttpUpstream(std::move(options), transport, transport) {}

HttpUpstream::HttpUpstream(std::string url, Transport& transport)
    : HttpUpstream(Plain(std::move(url)), transport) {}

Result<UpstreamReply> HttpUpstream::Send(UpstreamRequest request) {
  request.first_byte_timeout = std::min(request.first_byte_timeout, options_.first_byte_timeout);
  request.idle_timeout = std::min(request.idle_timeout, options_.idle_timeout);
  request.total_timeout = ShorterTimeout(request.total_timeout, options_.total_timeout);
  const std::string url = Direct(request);
  return exchanges_.Send(url, std::move(request));
}

Result<UpstreamReply> HttpUpstream::OpenTunnel(UpstreamRequest request) {
  request.first_byte_timeout = std::min(request.first_byte_timeout, options_.first_byte_timeout);
  const std::string url = Direct(request);
  return tunnels_.OpenTunnel(url, std::move(request));
}

std::string HttpUpstream::Direct(UpstreamRequest& request) const {
  if (!options_.api_key.empty()) {
    RemoveCredentials(request.headers);
    request.path_and_query = WithoutCredentials(request.path_and_query);
    const bool bearer = EqualsIgnoreCase(options_.api_key_header, "authorization");
    request.headers.Set(options_.api_key_header, (bearer ? "Bearer " : "") + options_.api_key);
  }
  return (request.from_origin ? origin_ : options_.url) + request.path_and_query;
}

}  // namespace larder
