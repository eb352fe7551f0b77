// Opening the two databases of a data directory, and what becomes of one that cannot be opened or
// fails later: it is read as far as it can be, and tried again by itself.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "cache/reopening_store.h"
#include "config/config.h"

namespace larder {

// The cache below the data directory. A damaged one is moved aside and an empty one made; one that
// cannot be written is read, or else refuses everything: the cache never stops the server from
// starting. All of it is logged. `config`, `clock` and `log` outlive the store.
std::unique_ptr<ReopeningStore> OpenCacheDatabase(const Config& config, const Clock& clock,
                                                  Log& log);

// How long an expired entry stays on disk: what may still answer though it is stale does.
std::chrono::seconds KeepPastLifetimeOf(const Config& config);

// The collections below the data directory. A damaged database is opened for reading where that is
// possible, and never touched; otherwise the store refuses everything and says why. Both are
// logged. `config`, `clock` and `log` outlive the store.
std::unique_ptr<ReopeningStore> OpenDataDatabase(const Config& config, const Clock& clock,
                                                 Log& log);

// One line: how the database is from now on.
void LogHealth(Log& log, Database database, const StoreHealth& now);

}  // namespace larder
