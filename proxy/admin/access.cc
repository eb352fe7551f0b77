#include "proxy/admin/access.h"

#include <algorithm>

#include "base/secret_box.h"

namespace larder {
namespace {

// "localhost:8787" -> "localhost", "[::1]:8787" -> "::1".
std::string_view HostOf(std::string_view authority) {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    return end == std::string_view::npos ? std::string_view() : authority.substr(1, end - 1);
  }
  return authority.substr(0, authority.rfind(':'));
}

std::string_view AuthorityOf(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view() : origin.substr(scheme + 3);
}

std::string_view CookieNamed(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    std::string_view pair = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(cookies.size(), pair.size() + 1));
    pair = TrimOws(pair);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace

bool IsLoopback(const std::string& host) {
  if (EqualsIgnoreCase(host, "localhost") || host == "::1") return true;
  if (!host.starts_with("127.")) return false;
  return host.find_first_not_of("0123456789.") == std::string::npos;
}

Status AdminAccess::CheckHost(const Request& request) const {
  const auto allowed = [&](std::string_view authority) {
    const std::string host(HostOf(authority));
    if (IsLoopback(host) || host == listen_host_) return true;
    for (const std::string& name : allowed_hosts_.get()) {
      if (EqualsIgnoreCase(name, host)) return true;
    }
    return false;
  };
  const auto refuse = [](const char* field) {
    return Error{
        ErrorCode::kForbidden, ErrorOrigin::kDownstream,
        std::string("the ") + field +
            " field names a server that is not this one; add the name to admin.allowed_hosts"};
  };
  if (const auto host = request.headers.Find("host"); host && !allowed(*host))
    return refuse("Host");
  const auto origin = request.headers.Find("origin");
  if (origin && !allowed(AuthorityOf(*origin))) return refuse("Origin");
  return {};
}

Status AdminAccess::CheckToken(const Request& request) const {
  if (token_.empty()) return {};
  std::string_view given;
  if (const auto authorization = request.headers.Find("authorization")) {
    constexpr std::string_view kScheme = "bearer ";
    if (authorization->size() > kScheme.size() &&
        EqualsIgnoreCase(authorization->substr(0, kScheme.size()), kScheme)) {
      given = TrimOws(authorization->substr(kScheme.size()));
    }
  } else if (const auto cookies = request.headers.Find("cookie")) {
    given = CookieNamed(*cookies, "larder_admin");
  }
  if (!given.empty() && IsSameSecret(given, token_)) return {};
  return Error{ErrorCode::kUnauthenticated, ErrorOrigin::kDownstream,
               "this needs the admin token: Authorization: Bearer <token>"};
}

}  // namespace larder
