// The path that limits speak of, whatever way a request spells it: who may ask /embeddings ten
// times must not ask /%65mbeddings ten times more. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace larder {

// `path` is below /v1 (or below what stands for it), without query: percent-decoded, without empty
// segments and without a slash at its end. "/chat/completions" of "//chat/%63ompletions/".
std::string LimitedPath(std::string_view path);

}  // namespace larder
