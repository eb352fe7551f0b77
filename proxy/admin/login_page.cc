#include "proxy/admin/login_page.h"

#include <algorithm>

#include "proxy/admin/security_headers.h"
#include "proxy/http/percent_encode.h"

namespace larder {
namespace {

constexpr std::size_t kMaxViewBytes = 512;

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

Response Page(int status, std::string_view title, std::string_view head, const std::string& main) {
  Response response;
  response.status = status;
  response.headers.Add("content-type", "text/html; charset=utf-8");
  response.headers.Add("cache-control", "private, no-store");
  response.headers.Add("content-security-policy", std::string(kLoginCsp));
  // Not no-referrer: a form's Origin would be null.
  response.headers.Add("referrer-policy", "same-origin");
  response.body =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n" +
      std::string(head) + "<title>" + std::string(title) +
      " \xc2\xb7 Larder</title>\n"
      "<link rel=\"icon\" href=\"/dashboard/icon.svg\" type=\"image/svg+xml\">\n"
      "<link rel=\"stylesheet\" href=\"/dashboard/login.css\">\n</head>\n<body>\n<main>\n"
      "<h1><img src=\"/dashboard/icon.svg\" alt=\"\" width=\"28\" height=\"28\">Larder</h1>\n" +
      main + "</main>\n</body>\n</html>\n";
  return response;
}

// "" or "?view=...".
std::string ViewQuery(std::string_view view) {
  return view.empty() ? std::string() : "?view=" + PercentEncode(view);
}

std::string TokenForm(const LoginPage& page) {
  const bool wrong = !page.problem.empty();
  return "<form method=\"post\" action=\"/dashboard/login" + ViewQuery(page.view) +
         "\">\n<label for=\"token\">Admin token</label>\n"
         "<input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"current-password\" "
         "spellcheck=\"false\" maxlength=\"4096\" required autofocus " +
         (wrong ? "aria-invalid=\"true\" aria-describedby=\"problem hint\""
                : "aria-describedby=\"hint\"") +
         ">\n<button type=\"submit\">Log in</button>\n"
         "<p id=\"hint\">It is what the server was started with: <code>LARDER_ADMIN_TOKEN</code>, "
         "or the file that <code>admin.token_file</code> names.</p>\n</form>\n";
}

}  // namespace

Response RenderLoginPage(const LoginPage& page) {
  std::string main = "<h2>Log in</h2>\n";
  if (!page.problem.empty()) {
    main += "<p id=\"problem\" role=\"alert\">" + Escaped(page.problem) + "</p>\n";
  }
  if (!page.notice.empty()) main += "<p role=\"status\">" + Escaped(page.notice) + "</p>\n";
  if (!page.provider.empty()) {
    main += "<a class=\"button\" href=\"/dashboard/oidc/start" + ViewQuery(page.view) +
            "\">Log in with " + Escaped(page.provider) + "</a>\n";
    if (page.token) main += "<p class=\"or\">or</p>\n";
  }
  if (page.token) main += TokenForm(page);
  return Page(page.status, "Log in", "", main);
}

Response RenderGoingOn(std::string_view view) {
  const std::string address = Escaped(DashboardAddress(view));
  return Page(200, "Going on", "<meta http-equiv=\"refresh\" content=\"0;url=" + address + "\">\n",
              "<p><a href=\"" + address + "\">Go on to the dashboard</a></p>\n");
}

bool IsDashboardView(std::string_view text) {
  return text.size() <= kMaxViewBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  std::string_view("-._~!$&'()*+,;=:@/?%").find(c) != std::string_view::npos;
         });
}

std::string DashboardAddress(std::string_view view) {
  return "/dashboard/" + (view.empty() ? std::string() : "#" + std::string(view));
}

}  // namespace larder
