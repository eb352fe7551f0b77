// Fields that concern one connection and are not passed on (RFC 9110, section 7.6.1).
#pragma once

#include <string>
#include <string_view>

#include "proxy/http/headers.h"

namespace larder {

// Of one message. Thread-safety: immutable.
class HopByHop {
 public:
  // Those that `headers` lists in Connection, beside those that always are.
  explicit HopByHop(const Headers& headers) : listed_(headers.Joined("connection")) {}
  bool Has(std::string_view name) const;
  // Whether Connection lists it.
  bool Lists(std::string_view name) const;

 private:
  std::string listed_;
};

void RemoveHopByHop(Headers& headers);

// Removes what Connection lists, but for Upgrade: from here on it is as if it had not been sent.
void RemoveListedInConnection(Headers& headers);

}  // namespace larder
