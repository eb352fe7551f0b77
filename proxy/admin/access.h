// Who may use the admin API and the dashboard, and from which pages: whoever has the admin token
// (Authorization: Bearer), or a session that a login began (cookie). Policy without I/O.
// Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/replaceable.h"
#include "proxy/admin/admin_options.h"
#include "proxy/admin/admin_sessions.h"
#include "proxy/admin/login_limit.h"
#include "proxy/http/message.h"

namespace larder {

// Who asks.
struct AdminCaller {
  enum class Kind {
    kOpen,     // anybody may: no token, no OpenID provider
    kToken,    // a program, with the admin token
    kSession,  // a browser
  };
  Kind kind = Kind::kOpen;
  std::optional<AdminSession> session = std::nullopt;  // of kSession
};

class AdminAccess {
 public:
  static constexpr std::string_view kCookie = "larder_admin";
  // How many times as many wrong tokens a minute programs may send as people.
  static constexpr std::size_t kProgramFailures = 10;

  struct Place {
    std::string host = "127.0.0.1";  // where the admin API listens
    bool tls = false;                // it speaks HTTPS itself
  };
  // `sessions` and `clock` outlive it.
  AdminAccess(AdminOptions options, Place place, const AdminSessions& sessions, const Clock& clock);

  void set_allowed_hosts(std::vector<std::string> hosts) {
    allowed_hosts_.Replace(std::move(hosts));
  }

  // Whether Host names this server, and Origin, when there is one, the same or a name that is
  // allowed: a page of another site, or of another port of this machine, must not reach it through
  // a browser, by whatever name it resolves. Errors: kForbidden with a message that says how to
  // allow the name.
  Status CheckHost(const Request& request) const;

  // Who asks. A request with Authorization is judged by that alone. Errors: kUnauthenticated.
  Result<AdminCaller> Identify(const Request& request) const;
  // The same, and wrong tokens are counted by the address they come from. Errors: also
  // kRateLimited: the token was not looked at.
  Result<AdminCaller> Admit(const Request& request);

  // Whether a request that changes something is meant by whom it seems to come from: a browser
  // says that a page of this server sent it (Sec-Fetch-Site), and a session brings its own
  // x-csrf-token. Errors: kForbidden.
  Status CheckChange(const Request& request, const AdminCaller& caller) const;

  // Whether `given` is the admin token, compared in constant time; never without one.
  bool IsToken(std::string_view given) const;
  bool has_token() const { return !token_.empty(); }
  bool open() const { return open_; }

  bool tls() const { return tls_; }
  // Whether the browser spoke HTTPS, here or with a proxy in front of it.
  bool IsHttps(const Request& request) const;

 private:
  const std::string token_;
  const bool open_;
  const std::string listen_host_;
  const bool tls_;
  Replaceable<std::vector<std::string>> allowed_hosts_;
  const AdminSessions& sessions_;
  LoginLimit wrong_tokens_;
};

// The value of one cookie of the request; empty without it.
std::string_view CookieOf(const Request& request, std::string_view name);

// True for 127.0.0.0/8, ::1 and localhost.
bool IsLoopback(const std::string& host);

}  // namespace larder
