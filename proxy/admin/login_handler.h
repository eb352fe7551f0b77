// LoginHandler: the ways into the dashboard and out of it: /dashboard/login (a form of plain HTML),
// /dashboard/logout, /dashboard/oidc/start and /dashboard/oidc/callback. A login makes a session
// and sets its cookie. Who asks from which page was checked before (AdminAccess::CheckHost).
// Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"
#include "proxy/admin/access.h"
#include "proxy/admin/admin_sessions.h"
#include "proxy/admin/login_page.h"
#include "proxy/admin/oidc_login.h"
#include "proxy/http/handler.h"

namespace larder {

class LoginHandler {
 public:
  static constexpr std::uint64_t kMaxFormBytes = 16UL * 1024;

  struct Parts {
    AdminAccess& access;
    AdminSessions& sessions;
    OidcLogin* oidc = nullptr;  // null: no OpenID provider
    Log& log;
  };
  // All outlive it.
  LoginHandler(const Parts& parts, LoginLimitOptions limit, const Clock& clock)
      : parts_(parts), limit_(limit, clock) {}

  // Whether a path is one of this handler's.
  static bool Serves(std::string_view path);
  // On a worker where it may wait: for the disk, or for the OpenID provider.
  static RequestPlan Plan(const Request& head);
  // Precondition: Serves(request.path()).
  Response Handle(const Request& request);

  // What a browser gets that has no session and asks for the dashboard itself: the way to the
  // login. A navigation that another site began comes without the cookie (SameSite=Strict) and is
  // led round once, for there may be a session all the same.
  static Response LeadToLogin(const Request& request);

 private:
  Response ShowLogin(const Request& request) const;
  Response LogIn(const Request& request);
  Response LogOut(const Request& request);
  Response StartOidc(const Request& request);
  Response FinishOidc(const Request& request);
  // The form again.
  Response Ask(int status, std::string problem, std::string view) const;
  Response AskAfter(const Error& error) const;
  // Begins a session for whoever has been let in; `response` is where that leads.
  Response Admit(const Request& request, std::string subject, Response response);
  Response RenderWait(const Request& request, std::string view) const;

  const Parts parts_;
  LoginLimit limit_;
};

}  // namespace larder
