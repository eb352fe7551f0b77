// Where the upstreams' access tokens are kept, and who is told when they fail. Thread-safety:
// before the first request.
#pragma once

#include <string>

#include "base/log.h"
#include "cache/store.h"
#include "proxy/upstream/upstream_set.h"

namespace larder {

// Tokens stand in `data`, sealed with a secret of the data directory's own; both and `log` outlive
// the upstreams. Errors: those of ReadOrMakeSecret.
Status KeepUpstreamTokens(UpstreamSet& upstreams, Store& data, const std::string& data_dir,
                          Log& log);

}  // namespace larder
