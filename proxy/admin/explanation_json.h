// The documents of POST /admin/v1/explain. Thread-safety: pure functions.
#pragma once

#include <string>

#include "base/clock.h"
#include "proxy/openai/explanation.h"
#include "proxy/request_context.h"

namespace larder {

// Of a request that is never looked up: the route says why. `refused`: why the caller's key may not
// ask for it; empty when it may.
std::string RenderPassThrough(const RequestContext& context, std::string_view detail,
                              std::string_view refused = {});
std::string RenderExplanation(const RequestContext& context, const ResponseExplanation& explanation,
                              WallTime now);
// The first `most` inputs one by one.
std::string RenderExplanation(const RequestContext& context,
                              const EmbeddingExplanation& explanation, WallTime now,
                              std::size_t most);

}  // namespace larder
