// TraceContext: W3C's traceparent, by which a request is followed from service to service. Larder
// is one station of the trace: upstream sees the same trace and a span of Larder's own. Source:
// w3.org/TR/trace-context, section 3.2. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace larder {

// The trace's id of a valid traceparent, 32 hexadecimal digits; empty for anything else. The view
// is into the argument.
std::string_view TraceIdOf(std::string_view traceparent);

// The same trace with a span of this server's, at random. Precondition: TraceIdOf is not empty.
std::string NextTraceparent(std::string_view traceparent);

}  // namespace larder
