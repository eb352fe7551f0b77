// The handshake that turns an HTTP/1.1 connection into a websocket tunnel (RFC 6455, section 4; RFC
// 9110, section 7.8), as far as somebody in the middle has to know it. Keys, versions and
// extensions are between the two ends. Thread-safety: pure functions.
#pragma once

#include "proxy/http/message.h"

namespace larder {

// Whether the request asks for a tunnel: GET, HTTP/1.1, Connection lists "upgrade", Upgrade lists
// "websocket", and there is no body.
bool AsksForWebsocket(const Request& request);

// Whether the fields of a 101 say that the connection is a websocket from now on.
bool SwitchesToWebsocket(const Headers& headers);

}  // namespace larder
