// Ids of requests, for x-request-id and the log. Thread-safe.
#pragma once

#include <string>

namespace larder {

// "req_" and 24 hexadecimal digits at random. Cost: some 20 ns; random bytes are drawn for many.
void AppendRequestId(std::string& out);
std::string NewRequestId();

}  // namespace larder
