// Addresses in settings: where to listen, which provider to ask, which host names to trust.
// Thread-safety: values; pure functions.
//
// Messages go on where the key ends ("must be ..."). Those about URLs do not show the URL: it may
// hold a credential.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace larder {

struct ListenAddress {
  std::string host;  // a name, an IPv4 address, or an IPv6 address without brackets
  std::uint16_t port = 0;
};

// HOST:PORT or [IPV6]:PORT. A host is always named: there is no ":8787" and no "*:8787".
// Errors: kInvalidArgument.
Result<ListenAddress> ParseListenAddress(std::string_view text);

// "builtin", or an http(s) base URL with scheme and host in lower case and without trailing
// slashes. Errors: kInvalidArgument (another scheme, no host, user information, query, fragment).
Result<std::string> NormaliseUpstream(std::string_view text);

// Empty, or the URL of an endpoint that secrets are sent to, as NormaliseUpstream but with its
// trailing slashes: https://, or http:// where IsLoopback (proxy/admin/access.h) the host. Errors:
// kInvalidArgument.
Result<std::string> NormaliseTokenUrl(std::string_view text);

// An origin as browsers send it (RFC 6454, section 7.1; URL standard): scheme://host[:port] in
// lower case, without the port that the scheme implies; or "*" for all of them. Any scheme will do:
// "app://obsidian.md". Errors: kInvalidArgument (no scheme or host, a path, query or fragment, user
// information).
Result<std::string> NormaliseOrigin(std::string_view text);

// A host name, an IPv4 address, or an IPv6 address without brackets, in lower case.
// Errors: kInvalidArgument.
Result<std::string> NormaliseHost(std::string_view text);

}  // namespace larder
