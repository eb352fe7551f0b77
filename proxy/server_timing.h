// The Server-Timing field (W3C Server Timing): where a request's time went. Thread-safety: pure
// functions.
#pragma once

#include <chrono>
#include <string>

#include "proxy/request_context.h"

namespace larder {

// "parse;dur=0.012, lookup;dur=0.034, upstream;dur=1.234, total;dur=1.301": milliseconds; upstream
// only where it was asked.
void AppendServerTiming(const PhaseTimes& times, std::chrono::microseconds total, std::string& out);

}  // namespace larder
