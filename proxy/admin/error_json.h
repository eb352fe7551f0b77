// Errors inside an NDJSON answer that has begun. Thread-safety: pure function.
#pragma once

#include <string_view>

#include "proxy/json/json_writer.h"
#include "proxy/openai/errors.h"

namespace larder {

// The member "error": the object that an answer of its own would have had.
inline void AppendError(const Error& error, JsonWriter& json) {
  constexpr std::string_view kBefore = "{\"error\":";
  const std::string body = RenderError(error).body;
  json.Key("error").Raw(
      std::string_view(body).substr(kBefore.size(), body.size() - 1 - kBefore.size()));
}

}  // namespace larder
