// The shapes of the two kinds of cached requests, made from what their keys are made from.
// Thread-safety: pure functions.
#pragma once

#include <string_view>

#include "cache/key.h"
#include "proxy/insight/request_shape.h"

namespace larder {

// Of a longer body no shape is made: the pass over it would cost more than it tells.
inline constexpr std::size_t kMaxShapedBody = 256UL * 1024;

// Members of the body one by one, and "credential", "namespace", "upstream", "headers", "path",
// "custom_key". Empty when the body is longer than kMaxShapedBody.
RequestShape ShapeOf(const ResponseKeyParts& parts);

// What all inputs of a batch have in common: "credential", ..., "model", "dimensions", and the
// members of the extra fields. Then AddContent("input", ...) for each.
RequestShape ShapeOf(const EmbeddingScope& parts);

}  // namespace larder
