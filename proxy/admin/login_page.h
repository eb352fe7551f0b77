// The pages of the login, as plain HTML: no script, one style sheet (proxy/dashboard/login.css).
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "proxy/http/message.h"

namespace larder {

struct LoginPage {
  int status = 200;
  std::string problem;   // a sentence for the person who logs in; empty for none
  std::string notice;    // the same of what went well
  bool token = true;     // the admin token opens the dashboard
  std::string provider;  // the OpenID provider's host; empty: there is none
  std::string view;      // where to afterwards; see IsDashboardView
};

// The form. Never stored; to be sent with kLoginCsp.
Response RenderLoginPage(const LoginPage& page);

// A page that goes on to the dashboard by itself: a navigation of this server's own, which has the
// session's cookie (SameSite=Strict) where one that began elsewhere has not.
Response RenderGoingOn(std::string_view view);

// Whether `text` can be the fragment of the dashboard's address ("tail?outcome=miss"): at most 512
// characters of those that RFC 3986, section 3.5 has there.
bool IsDashboardView(std::string_view text);

// "/dashboard/#tail", "/dashboard/".
std::string DashboardAddress(std::string_view view);

}  // namespace larder
