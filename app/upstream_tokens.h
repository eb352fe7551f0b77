// Where the upstreams' access tokens are kept, and who is told when they fail. Thread-safety:
// before the first request.
#pragma once

#include <string_view>

#include "base/log.h"
#include "cache/store.h"
#include "proxy/upstream/upstream_set.h"

namespace larder {

// Tokens stand in `data`, sealed with one derived from `secret`, the data directory's own; store
// and `log` outlive the upstreams.
void KeepUpstreamTokens(UpstreamSet& upstreams, Store& data, std::string_view secret, Log& log);

}  // namespace larder
