// The self-check behind `larder serve --once`: starts a server on a free port with a temporary data
// directory and the built-in provider, sees a miss, a hit and a search, and says what it saw.
#pragma once

#include <iosfwd>

#include "base/log.h"
#include "config/config.h"

namespace larder {

// Prints one line a step to `out`. True when every step answered as it should.
bool RunSelfCheck(Config config, Log& log, std::ostream& out);

}  // namespace larder
