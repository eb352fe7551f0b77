// For whom a request to the admin API embeds or imports: its own Authorization is the admin's, so
// the client's comes in `x-larder-authorization`. Thread-safety: values; pure functions.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "proxy/access/callers.h"
#include "proxy/http/message.h"

namespace larder {

struct ActingFor {
  // As the client would send them: its Authorization, and the fields that count in keys.
  Headers headers;
  Partition partition;
  std::string name_space;  // of x-larder-namespace
  // Larder's own, if it is one; shared with ClientKeys.
  std::shared_ptr<const ClientKey> key = nullptr;
};

// Nothing of the admin's own credential is in it. Without x-larder-authorization: for requests
// without a credential. Errors: kInvalidArgument (a namespace that is too
// long), kUnauthenticated (as Callers).
Result<ActingFor> ActFor(const Request& request, const Callers& callers,
                         std::span<const std::string> key_headers);

}  // namespace larder
