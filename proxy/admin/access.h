// Who may use the admin API and the dashboard, and from which pages. Policy without I/O.
// Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/replaceable.h"
#include "proxy/admin/admin_options.h"
#include "proxy/http/message.h"

namespace larder {

class AdminAccess {
 public:
  AdminAccess(AdminOptions options, std::string listen_host)
      : token_(std::move(options.token)),
        allowed_hosts_(std::move(options.allowed_hosts)),
        listen_host_(std::move(listen_host)) {}

  void set_allowed_hosts(std::vector<std::string> hosts) {
    allowed_hosts_.Replace(std::move(hosts));
  }

  // Whether Host (and Origin, when there is one) name this server: a page of another site must not
  // reach it through a browser, by whatever name it resolves. Errors: kUnauthenticated with a
  // message that says how to allow the name.
  Status CheckHost(const Request& request) const;
  // Whether the request carries the admin token (Authorization: Bearer, or the cookie
  // larder_admin), compared in constant time. Errors: kUnauthenticated.
  Status CheckToken(const Request& request) const;

 private:
  const std::string token_;
  Replaceable<std::vector<std::string>> allowed_hosts_;
  const std::string listen_host_;
};

// True for 127.0.0.0/8, ::1 and localhost.
bool IsLoopback(const std::string& host);

}  // namespace larder
