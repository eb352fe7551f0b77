// The id under which a provider keeps an answer of /v1/responses. Thread-safety: pure function.
#pragma once

#include <string>
#include <string_view>

namespace larder {

// The id ("resp_...") of a whole answer, or of a stream's response.completed event. "" when there
// is none, and when `body` is not understood.
std::string ResponseIdOf(std::string_view body, bool is_stream);

}  // namespace larder
