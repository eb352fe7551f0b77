// A small HTTP client for the command line, over cpp-httplib: one exchange a call. Only for talking
// to a Larder; what goes to model providers goes through proxy/upstream.
//
// cpp-httplib reads an answer only when it has sent the whole request, and takes a broken chunked
// body for a whole one. So what is uploaded goes in requests of a megabyte (app/import_command.cc),
// and what is streamed says itself when it is whole (its last line has "finished" or "done").
// Thread-safety: pure functions; each call may run beside others.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "app/interrupt.h"
#include "base/result.h"
#include "proxy/http/headers.h"
#include "proxy/http/percent_encode.h"

namespace larder {

struct ClientRequest {
  std::string method = "GET";
  std::string path;  // with its query, percent-encoded
  Headers headers;
  std::string body;  // application/json unless the headers say else
  // Longest wait for the head of the answer and for each further piece of it; there is no limit for
  // the whole.
  std::chrono::milliseconds idle_timeout{60'000};
  Interrupt* interrupt = nullptr;  // ends the exchange at once
};

struct ClientReply {
  int status = 0;
  Headers headers;
  std::string body;
};

// `server` is "http://HOST:PORT" or https. Errors: kUnavailable with a message that names the
// server and says what to check; kCancelled: interrupted; kInvalidArgument: not such a URL.
Result<ClientReply> CallServer(const std::string& server, const ClientRequest& request);
Result<ClientReply> CallServer(const std::string& server, const std::string& method,
                               const std::string& path, const Headers& headers = {},
                               const std::string& body = {});

// The same with the body of an answer of status 200 given to `take` piece by piece as it comes;
// that of any other status is in the reply. `take` returns false to end the exchange, which is no
// error. The head is given to `begin` first, when there is one.
Result<ClientReply> StreamFromServer(const std::string& server, const ClientRequest& request,
                                     const std::function<bool(std::string_view)>& take,
                                     const std::function<void(const ClientReply&)>& begin = {});

// True for a URL whose host is localhost, 127.0.0.0/8 or ::1.
bool IsLoopbackUrl(std::string_view url);

}  // namespace larder
