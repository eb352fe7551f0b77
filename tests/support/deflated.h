// Bytes as a provider compresses them, for tests. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace larder {

enum class Deflated { kGzip, kZlib, kBare };

// `plain` as one member or stream of that kind.
std::string Deflate(std::string_view plain, Deflated kind = Deflated::kGzip);

}  // namespace larder
