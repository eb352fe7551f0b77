// Errors as OpenAI's clients expect them: {"error":{"message","type","param","code"}} with the
// right status. One table maps Larder's errors to HTTP. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "proxy/http/message.h"

namespace larder {

// The HTTP status of an error: 400 kInvalidArgument, 401, 403, 404, 405, 413, 429, 502 (upstream
// unreachable or invalid), 503 (kOverloaded, kIo), 504 (deadline, not cached), 508 kLoop, 500
// otherwise.
int HttpStatusOf(const Error& error);

// A response with OpenAI's error object. 429 and 503 carry Retry-After and
// retry-after-ms; what a repetition cannot change carries x-should-retry: false.
Response RenderError(const Error& error);
Response RenderError(int status, std::string_view message, std::string_view type,
                     std::string_view param = {}, std::string_view code = {});

// Content-Type application/json, the body as given.
Response JsonResponse(int status, std::string body);

}  // namespace larder
