// Opening the two databases of a data directory, and what becomes of one that cannot be opened.
#pragma once

#include <chrono>
#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "cache/store.h"
#include "config/config.h"

namespace larder {

// The cache below the data directory. A damaged one is moved aside and an empty one made; one that
// cannot be used otherwise is replaced by a store that refuses everything: the cache never stops
// the server from starting. Both are logged. `clock` outlives the store.
std::unique_ptr<Store> OpenCacheDatabase(const Config& config, const Clock& clock, Log& log);

// How long an expired entry stays on disk: what may still answer though it is stale does.
std::chrono::seconds KeepPastLifetimeOf(const Config& config);

// The collections below the data directory. A damaged database is opened for reading where that is
// possible, and never touched; otherwise the store refuses everything and says why. Both are
// logged. `clock` outlives the store.
std::unique_ptr<Store> OpenDataDatabase(const Config& config, const Clock& clock, Log& log);

}  // namespace larder
