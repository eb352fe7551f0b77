// Loading the configuration for a verb, and telling what is wrong with it.
#pragma once

#include "app/client_options.h"
#include "config/load.h"

namespace larder {

// From the command line's flags and file, and this process's environment.
LoadResult LoadFor(const ConfigOptions& options);

// One line a problem on stderr. Returns the exit status: 2. Precondition: !result.ok().
int ReportProblems(const LoadResult& result);

}  // namespace larder
