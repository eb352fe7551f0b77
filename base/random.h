// Random bytes for secrets, from OpenSSL's generator. Thread-safe.
#pragma once

#include <cstddef>
#include <string>

namespace larder {

// `count` bytes that nobody can guess. Ends the process when the system has none to give: what
// would be made of others protects nothing.
std::string RandomBytes(std::size_t count);

}  // namespace larder
