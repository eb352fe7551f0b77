// A small HTTP client for the command line, over cpp-httplib: one exchange a call. Only for talking
// to a Larder; what goes to model providers goes through proxy/upstream.
#pragma once

#include <string>

#include "base/result.h"
#include "proxy/http/headers.h"

namespace larder {

struct ClientReply {
  int status = 0;
  Headers headers;
  std::string body;
};

// `server` is "http://HOST:PORT". Waits at most 60 s for the answer.
// Errors: kUnavailable with a message that names the server and says what to check.
Result<ClientReply> CallServer(const std::string& server, const std::string& method,
                               const std::string& path, const Headers& headers = {},
                               const std::string& body = {});

}  // namespace larder
