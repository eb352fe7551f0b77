// What goes on from a client's request to upstream and from upstream's reply to the client, and
// what of it belongs into a key. Thread-safety: pure functions.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proxy/http/headers.h"

namespace larder {

// The request's end-to-end fields for upstream: without hop-by-hop fields, Host, framing, Expect
// and Larder's own control fields, with `via` added. With `identity` upstream is asked not to
// compress, so that the answer can be kept byte for byte and served to anybody.
Headers UpstreamHeaders(const Headers& client, const std::string& via, bool identity);

// The reply's end-to-end fields for the client: without hop-by-hop fields, Content-Length and Date.
Headers DownstreamHeaders(const Headers& upstream);

// Of DownstreamHeaders, those worth keeping with a cached answer: no cookies, rate limits, ids,
// dates or the hosting network's fields.
Headers StoredHeaders(const Headers& upstream);

// What KeyedHeaders takes in any case, in its order.
inline constexpr std::array<std::string_view, 5> kKeyedFields = {
    "anthropic-beta", "anthropic-version", "openai-beta", "openai-organization", "openai-project"};

// The forwarded fields that can change an answer (OpenAI-Organization, OpenAI-Project, OpenAI-Beta,
// anthropic-version, anthropic-beta) and the configured `more` of them, as one string for the key;
// fields that are absent do not appear. `more`: lower-case names in alphabetical order, none of the
// above.
std::string KeyedHeaders(const Headers& client, std::span<const std::string> more = {});

// Whether KeyedHeaders takes the field without being told to. `name` is in lower case.
bool AlwaysKeyed(std::string_view name);

// The credential of a request, as one string; empty when it has none: every field that providers
// and gateways take one from (kCredentialFields), the query parameters that they do
// (kCredentialParameters; `query` is the target's, not decoded), the key that browsers send in
// Sec-WebSocket-Protocol, and Cookie where there is none of those. Of what occurs several times,
// each value. Never logged, never stored.
std::string CredentialOf(const Headers& client, std::string_view query = {});

// Errors: kLoop when a Via field names this server (`via`: "1.1 larder-1f2e3d4c") or just "larder".
Status CheckLoop(const Headers& client, const std::string& via);

}  // namespace larder
