// AdminEndpoint: one name below /admin/v1/. The AdminHandler has checked who asks, by which method,
// and that a page of another origin cannot be behind it. Thread-safety: called from many threads at
// once.
#pragma once

#include <string>
#include <string_view>

#include "proxy/http/handler.h"
#include "proxy/http/message.h"

namespace larder {

class AdminEndpoint {
 public:
  static constexpr std::uint64_t kMaxBodyBytes = 64U << 20;

  virtual ~AdminEndpoint() = default;

  // "GET, HEAD", "POST": as the field Allow lists them.
  virtual std::string_view methods() const = 0;
  // On a thread of its own, with the whole body, unless it says otherwise.
  virtual RequestPlan plan() const {
    RequestPlan plan;
    plan.max_body_bytes = kMaxBodyBytes;
    return plan;
  }
  // Whether there is anything below the name.
  virtual bool has_below() const { return false; }
  // `below` is the path behind the endpoint's name, percent-decoded, without the slash: "" or
  // "10b4d38d...".
  virtual Response Handle(const Request& request, const std::string& below) = 0;
};

}  // namespace larder
