// What a browser is told of every answer of the admin API, the dashboard and the login: run nothing
// but what came from here, show it in no frame, send no address elsewhere. Source: OWASP Secure
// Headers Project; CSP level 3; Fetch (Cross-Origin-Resource-Policy). Thread-safety: pure function.
#pragma once

#include <string_view>

#include "proxy/http/headers.h"

namespace larder {

// The policy of answers that are data: nothing of them runs.
inline constexpr std::string_view kDataCsp =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
// Of the login's pages: one style sheet, and a form that goes to this server.
inline constexpr std::string_view kLoginCsp =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

// Adds those that `headers` has not. `tls`: this server speaks HTTPS, and browsers are to remember
// that.
void AddSecurityHeaders(bool tls, Headers& headers);

}  // namespace larder
