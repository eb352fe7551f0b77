// Which web pages may call the API from a browser (the CORS protocol of the Fetch standard,
// https://fetch.spec.whatwg.org/#http-cors-protocol). Closed unless configured: a page that is not
// listed is refused (what it may send without asking first would be paid for by whoever runs the
// server), and what upstream says of it does not count. Thread-safe: immutable.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "proxy/http/message.h"

namespace larder {

struct CorsOptions {
  // "https://app.example.com", "http://localhost:5173"; "*" for every page. Compared as they are.
  std::vector<std::string> origins;
  std::chrono::seconds preflight_max_age{600};  // how long a browser may remember a preflight
};

class CorsRules {
 public:
  explicit CorsRules(CorsOptions options) : options_(std::move(options)) {}

  // Whether the request asks for leave to send another one: OPTIONS with Origin and
  // Access-Control-Request-Method.
  static bool IsPreflight(const Request& request);

  // 204 that allows what is asked for, or 403 with a sentence that says what to configure.
  Response AnswerPreflight(const Request& request) const;

  // Whether the request comes from no web page, from one that is listed, or from one of this
  // server's own origin: by Sec-Fetch-Site, which no page can set (Fetch Metadata), or by Host.
  // What calls from a browser but is no page (an extension, say) has an Origin of another scheme.
  bool MayAsk(const Request& request) const;
  // 403 for one that may not.
  static Response Refuse();

  // Puts on an answer whether the page that asked may read it. Without an Origin only Vary.
  void Decorate(const Request& request, Headers& headers) const;

 private:
  bool Allows(std::string_view origin) const;
  const CorsOptions options_;
};

}  // namespace larder
