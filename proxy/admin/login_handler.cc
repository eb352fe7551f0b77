#include "proxy/admin/login_handler.h"

#include "proxy/openai/errors.h"

namespace larder {
namespace {

constexpr std::string_view kLogin = "/dashboard/login";
constexpr std::string_view kLogout = "/dashboard/logout";
constexpr std::string_view kStart = "/dashboard/oidc/start";
constexpr std::string_view kCallback = "/dashboard/oidc/callback";
// Which browser began a login at the provider. Lax: it comes back from another site.
constexpr std::string_view kOidcCookie = "larder_admin_oidc";

Response Redirect(std::string address) {
  Response response;
  response.status = 303;
  response.headers.Add("location", std::move(address));
  return response;
}

// `seconds` 0: the browser forgets it.
void SetCookie(std::string_view name, std::string_view value, std::string_view attributes,
               std::chrono::seconds lifetime, bool secure, Headers& headers) {
  headers.Add("set-cookie", std::string(name) + "=" + std::string(value) + std::string(attributes) +
                                "; HttpOnly; Max-Age=" + std::to_string(lifetime.count()) +
                                (secure ? "; Secure" : ""));
}

constexpr std::string_view kSessionAttributes = "; Path=/; SameSite=Strict";
constexpr std::string_view kOidcAttributes = "; Path=/dashboard/oidc/; SameSite=Lax";

std::string ViewOf(const Request& request) {
  std::string view = QueryParameter(request.query(), "view").value_or("");
  return IsDashboardView(view) ? view : std::string();
}

bool IsForm(const Request& request) {
  const auto type = request.headers.Find("content-type").value_or("");
  return EqualsIgnoreCase(TrimOws(type.substr(0, type.find(';'))),
                          "application/x-www-form-urlencoded");
}

bool IsRead(const Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

Response MethodNotAllowed(std::string allowed) {
  Response response = RenderError(Error{ErrorCode::kMethodNotAllowed, ErrorOrigin::kDownstream,
                                        "only " + allowed + " is served here"});
  response.headers.Set("allow", std::move(allowed));
  return response;
}

}  // namespace

bool LoginHandler::Serves(std::string_view path) {
  return path == kLogin || path == kLogout || path == kStart || path == kCallback;
}

RequestPlan LoginHandler::Plan(const Request& head) {
  RequestPlan plan;
  plan.on_loop = head.path() == kLogin && IsRead(head);
  plan.max_body_bytes = kMaxFormBytes;
  return plan;
}

Response LoginHandler::Handle(const Request& request) {
  const std::string_view path = request.path();
  if (path == kLogin) {
    if (IsRead(request)) return ShowLogin(request);
    return request.method == "POST" ? LogIn(request) : MethodNotAllowed("GET, HEAD, POST");
  }
  if (path == kLogout) {
    return request.method == "POST" ? LogOut(request) : MethodNotAllowed("POST");
  }
  if (parts_.oidc == nullptr) {
    return RenderError(Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream,
                             "no OpenID provider is configured (admin.oidc_issuer)"});
  }
  // HEAD too would use up what GET needs.
  if (request.method != "GET") return MethodNotAllowed("GET");
  return path == kStart ? StartOidc(request) : FinishOidc(request);
}

Response LoginHandler::LeadToLogin(const Request& request) {
  if (request.headers.Find("sec-fetch-site") == "cross-site") return RenderGoingOn("");
  return Redirect(std::string(kLogin));
}

Response LoginHandler::Ask(int status, std::string problem, std::string view) const {
  LoginPage page;
  page.status = status;
  page.problem = std::move(problem);
  page.view = std::move(view);
  page.token = parts_.access.has_token();
  if (parts_.oidc != nullptr) page.provider = parts_.oidc->provider_name();
  return RenderLoginPage(page);
}

Response LoginHandler::AskAfter(const Error& error) const {
  std::string sentence = error.message;
  if (!sentence.empty() && sentence[0] >= 'a' && sentence[0] <= 'z') sentence[0] -= 'a' - 'A';
  if (!sentence.ends_with('.')) sentence += '.';
  Response response = Ask(HttpStatusOf(error), std::move(sentence), "");
  return response;
}

Response LoginHandler::ShowLogin(const Request& request) const {
  const std::string view = ViewOf(request);
  if (parts_.access.Admit(request).ok()) return Redirect(DashboardAddress(view));
  LoginPage page;
  page.view = view;
  page.token = parts_.access.has_token();
  if (parts_.oidc != nullptr) page.provider = parts_.oidc->provider_name();
  const std::string why = QueryParameter(request.query(), "why").value_or("");
  if (why == "ended") page.notice = "Your session has ended: log in again.";
  if (why == "out") page.notice = "You are logged out.";
  return RenderLoginPage(page);
}

Response LoginHandler::RenderWait(const Request& request, std::string view) const {
  const std::string seconds = std::to_string(
      std::max<std::int64_t>(1, std::chrono::seconds(limit_.Wait(request.peer)).count()));
  Response response =
      Ask(429, "Too many wrong logins. Try again in " + seconds + " seconds.", std::move(view));
  response.headers.Add("retry-after", seconds);
  return response;
}

Response LoginHandler::LogIn(const Request& request) {
  std::string view = ViewOf(request);
  if (parts_.access.open()) return Redirect(DashboardAddress(view));
  const std::string_view site = request.headers.Find("sec-fetch-site").value_or("none");
  if (!IsForm(request) || (site != "same-origin" && site != "none")) {
    return Ask(400, "This login was sent by something else than this page.", std::move(view));
  }
  if (!limit_.Admit(request.peer)) return RenderWait(request, std::move(view));
  // A token that was pasted may have white space around it, and has none inside.
  const std::string given = QueryParameter(request.body, "token").value_or("");
  const std::size_t begin = given.find_first_not_of(" \t\r\n");
  const std::size_t end = given.find_last_not_of(" \t\r\n");
  const std::string token =
      begin == std::string::npos ? std::string() : given.substr(begin, end - begin + 1);
  if (!parts_.access.IsToken(token)) {
    parts_.log.Warning("a login to the dashboard with a wrong token", {{"peer", request.peer}});
    Response refused = Ask(401, "That is not the admin token.", std::move(view));
    refused.headers.Add("www-authenticate", "Bearer realm=\"larder admin\"");
    return refused;
  }
  limit_.Forgive(request.peer);
  return Admit(request, "", Redirect(DashboardAddress(view)));
}

Response LoginHandler::Admit(const Request& request, std::string subject, Response response) {
  const AdminSessions::New session = parts_.sessions.Begin(subject);
  SetCookie(AdminAccess::kCookie, session.id, kSessionAttributes, parts_.sessions.lifetime(),
            parts_.access.IsHttps(request), response.headers);
  parts_.log.Info("logged in to the dashboard",
                  {{"as", subject.empty() ? "admin token" : subject}, {"peer", request.peer}});
  if (!session.stored.ok()) {
    parts_.log.Warning("a login could not be stored: it ends with this process",
                       {{"reason", session.stored.error().message}});
  }
  return response;
}

Response LoginHandler::LogOut(const Request& request) {
  const auto caller = parts_.access.Admit(request);
  if (caller.ok() && caller->session) {
    if (const Status meant = parts_.access.CheckChange(request, *caller); !meant.ok()) {
      return RenderError(meant.error());
    }
    if (const Status ended = parts_.sessions.End(*caller->session); !ended.ok()) {
      parts_.log.Warning("a logout could not be stored", {{"reason", ended.error().message}});
    }
  }
  Response response;
  response.status = 204;
  SetCookie(AdminAccess::kCookie, "", kSessionAttributes, std::chrono::seconds(0),
            parts_.access.IsHttps(request), response.headers);
  return response;
}

Response LoginHandler::StartOidc(const Request& request) {
  auto begun = parts_.oidc->Begin(ViewOf(request));
  if (!begun.ok()) {
    parts_.log.Warning("the OpenID provider cannot be used", {{"reason", begun.error().message}});
    return AskAfter(begun.error());
  }
  Response response = Redirect(std::move(begun->url));
  SetCookie(kOidcCookie, begun->browser, kOidcAttributes,
            std::chrono::seconds(OidcStates::kLifetime), parts_.access.IsHttps(request),
            response.headers);
  return response;
}

Response LoginHandler::FinishOidc(const Request& request) {
  auto done = parts_.oidc->Finish(request.query(), CookieOf(request, kOidcCookie));
  const auto finish = [&]() -> Response {
    if (done.ok()) {
      return Admit(request, std::move(done->subject), RenderGoingOn(done->view));
    }
    parts_.log.Warning("a login through the OpenID provider failed",
                       {{"reason", done.error().message}, {"peer", request.peer}});
    return AskAfter(done.error());
  };
  Response response = finish();
  SetCookie(kOidcCookie, "", kOidcAttributes, std::chrono::seconds(0),
            parts_.access.IsHttps(request), response.headers);
  return response;
}

}  // namespace larder
