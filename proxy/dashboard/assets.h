// The dashboard's files, bundled from this folder and built into the binary by embed.cmake. The
// page needs nothing else: no other origin, no inline script or style, no markup made from text, so
// kDashboardCsp can be strict.
// Thread-safety: immutable.
#pragma once

#include <string_view>

namespace larder {

struct Asset {
  std::string_view path;  // below /dashboard/; "" is index.html
  std::string_view content_type;
  std::string_view etag;  // strong, with its quotes; changes with the bytes
  std::string_view gzip_etag;
  std::string_view bytes;
  std::string_view gzip_bytes;
};

// The file at `path`, exactly; nullptr when there is none. Lives for ever.
const Asset* FindAsset(std::string_view path);

// The Content-Security-Policy that the page is written for.
inline constexpr std::string_view kDashboardCsp =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

}  // namespace larder
