// Where a request may carry a credential: the header fields and query parameters that providers and
// gateways take one from. Thread-safety: pure functions.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "proxy/http/headers.h"

namespace larder {

inline constexpr std::array<std::string_view, 13> kCredentialFields = {"authorization",
                                                                       "api-key",
                                                                       "x-api-key",
                                                                       "x-goog-api-key",
                                                                       "ocp-apim-subscription-key",
                                                                       "cf-aig-authorization",
                                                                       "x-auth-token",
                                                                       "x-access-token",
                                                                       "x-auth-key",
                                                                       "x-functions-key",
                                                                       "x-litellm-api-key",
                                                                       "x-portkey-api-key",
                                                                       "helicone-auth"};
// Compared without case.
inline constexpr std::array<std::string_view, 12> kCredentialParameters = {
    "key",  "api_key", "api-key",     "apikey",     "access_token", "subscription-key",
    "code", "$key",    "oauth_token", "auth_token", "x-api-key",    "token"};

// Removes kCredentialFields, Cookie, and of Sec-WebSocket-Protocol the items that carry a key:
// browsers, which can set no fields on a websocket, send "openai-insecure-api-key.KEY" there.
void RemoveCredentials(Headers& headers);

// The keys of those items, joined; empty without one.
std::string KeyAmongProtocols(const Headers& headers);

// The target without kCredentialParameters (names compared after percent-decoding); the rest byte
// for byte, without "?" when nothing is left behind it.
std::string WithoutCredentials(std::string_view path_and_query);

}  // namespace larder
