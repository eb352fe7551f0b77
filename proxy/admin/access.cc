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

Error Forbidden(std::string message) {
  return Error{ErrorCode::kForbidden, ErrorOrigin::kDownstream, std::move(message)};
}

// The token of "Bearer TOKEN"; nullopt of a request without Authorization, empty of another scheme.
std::optional<std::string_view> BearerOf(const Request& request) {
  const auto authorization = request.headers.Find("authorization");
  if (!authorization) return std::nullopt;
  constexpr std::string_view kScheme = "bearer ";
  if (!EqualsIgnoreCase(authorization->substr(0, kScheme.size()), kScheme)) {
    return std::string_view();
  }
  return TrimOws(authorization->substr(kScheme.size()));
}

}  // namespace

bool IsLoopback(const std::string& host) {
  if (EqualsIgnoreCase(host, "localhost") || host == "::1") return true;
  if (!host.starts_with("127.")) return false;
  return host.find_first_not_of("0123456789.") == std::string::npos;
}

std::string_view CookieOf(const Request& request, std::string_view name) {
  for (const auto& [field, value] : request.headers.fields()) {
    if (!EqualsIgnoreCase(field, "cookie")) continue;
    std::string_view cookies = value;
    while (!cookies.empty()) {
      std::string_view pair = cookies.substr(0, cookies.find(';'));
      cookies.remove_prefix(std::min(cookies.size(), pair.size() + 1));
      pair = TrimOws(pair);
      if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
        return pair.substr(name.size() + 1);
      }
    }
  }
  return {};
}

AdminAccess::AdminAccess(AdminOptions options, Place place, const AdminSessions& sessions,
                         const Clock& clock)
    : token_(std::move(options.token)),
      open_(token_.empty() && !options.oidc.enabled()),
      listen_host_(std::move(place.host)),
      tls_(place.tls),
      allowed_hosts_(std::move(options.allowed_hosts)),
      sessions_(sessions),
      wrong_tokens_({options.login_limit.per_minute * kProgramFailures}, clock) {}

Status AdminAccess::CheckHost(const Request& request) const {
  const auto is_allowed_name = [&](const std::string& host) {
    const auto& names = allowed_hosts_.get();
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return EqualsIgnoreCase(name, host); });
  };
  const auto refuse = [](const char* field) {
    return Forbidden(
        std::string("the ") + field +
        " field names a server that is not this one; add the name to admin.allowed_hosts");
  };
  const auto host = request.headers.Find("host");
  if (host) {
    const std::string name(HostOf(*host));
    if (!IsLoopback(name) && name != listen_host_ && !is_allowed_name(name)) return refuse("Host");
  }
  const auto origin = request.headers.Find("origin");
  if (!origin) return {};
  const std::string_view authority = AuthorityOf(*origin);
  if (host && !authority.empty() && EqualsIgnoreCase(authority, *host)) return {};
  if (is_allowed_name(std::string(HostOf(authority)))) return {};
  return refuse("Origin");
}

bool AdminAccess::IsToken(std::string_view given) const {
  return !token_.empty() && IsSameSecret(given, token_);
}

Result<AdminCaller> AdminAccess::Identify(const Request& request) const {
  if (open_) return AdminCaller{};
  if (const auto bearer = BearerOf(request)) {
    if (IsToken(*bearer)) return AdminCaller{AdminCaller::Kind::kToken};
  } else if (const std::string_view id = CookieOf(request, kCookie); !id.empty()) {
    if (auto session = sessions_.Find(id)) {
      return AdminCaller{AdminCaller::Kind::kSession, std::move(session)};
    }
  }
  return Error{ErrorCode::kUnauthenticated, ErrorOrigin::kDownstream,
               "this needs the admin token (Authorization: Bearer <token>), or a login at "
               "/dashboard/login"};
}

Result<AdminCaller> AdminAccess::Admit(const Request& request) {
  if (open_ || !BearerOf(request)) return Identify(request);
  if (!wrong_tokens_.Admit(request.peer)) {
    return Error{ErrorCode::kRateLimited, ErrorOrigin::kDownstream,
                 "too many wrong admin tokens came from this address; wait a minute"};
  }
  auto caller = Identify(request);
  if (caller.ok()) wrong_tokens_.Forgive(request.peer);
  return caller;
}

Status AdminAccess::CheckChange(const Request& request, const AdminCaller& caller) const {
  if (caller.kind == AdminCaller::Kind::kToken) return {};
  const std::string_view site = request.headers.Find("sec-fetch-site").value_or("none");
  if (site != "same-origin" && site != "none") {
    return Forbidden("a page of another site sent this; only this server's own may");
  }
  if (caller.kind == AdminCaller::Kind::kSession &&
      !sessions_.IsCsrfToken(*caller.session, request.headers.Find("x-csrf-token").value_or(""))) {
    return Forbidden(
        "a change needs the session's x-csrf-token, as GET /admin/v1/session tells it; load the "
        "page again");
  }
  return {};
}

bool AdminAccess::IsHttps(const Request& request) const {
  if (tls_) return true;
  if (const auto proto = request.headers.Find("x-forwarded-proto")) {
    return EqualsIgnoreCase(TrimOws(proto->substr(0, proto->find(','))), "https");
  }
  return request.headers.Find("origin").value_or("").starts_with("https://");
}

}  // namespace larder
