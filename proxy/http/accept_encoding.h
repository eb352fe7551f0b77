// What codings of an answer a client takes. Source: RFC 9110, section 12.5.3. Thread-safety: pure
// functions.
#pragma once

#include "proxy/http/headers.h"

namespace larder {

// Whether Accept-Encoding names gzip, or "*", with a weight above zero. Without the field: false,
// the plain bytes suit everybody.
bool AcceptsGzip(const Headers& headers);

}  // namespace larder
