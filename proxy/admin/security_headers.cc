#include "proxy/admin/security_headers.h"

#include <array>
#include <string>
#include <utility>

namespace larder {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kFields = {{
    {"content-security-policy", kDataCsp},
    {"x-content-type-options", "nosniff"},
    {"x-frame-options", "DENY"},  // for browsers that do not know frame-ancestors
    {"referrer-policy", "no-referrer"},
    {"cross-origin-opener-policy", "same-origin"},
    {"cross-origin-resource-policy", "same-origin"},
    {"permissions-policy",
     "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"},
}};

}  // namespace

void AddSecurityHeaders(bool tls, Headers& headers) {
  for (const auto& [name, value] : kFields) {
    if (!headers.Has(name)) headers.Add(std::string(name), std::string(value));
  }
  if (tls) headers.Set("strict-transport-security", "max-age=31536000");
}

}  // namespace larder
