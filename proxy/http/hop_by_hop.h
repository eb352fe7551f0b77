// Hop-by-hop fields (RFC 9110, section 7.6.1): meant for one connection, never forwarded.
#pragma once

#include "proxy/http/headers.h"

namespace larder {

// Removes Connection, the fields it lists, Keep-Alive, Proxy-*, TE, Trailer, Transfer-Encoding,
// Upgrade.
void RemoveHopByHop(Headers& headers);

}  // namespace larder
