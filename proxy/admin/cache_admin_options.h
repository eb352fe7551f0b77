// What can be set of the admin API's work on the cache. Thread-safety: a value.
#pragma once

#include <cstddef>
#include <string>

#include "proxy/cache_mode.h"

namespace larder {

struct CacheAdminOptions {
  std::size_t max_jobs = 4;                   // purges, exports, imports and warming at once
  std::size_t import_line_bytes = 64U << 20;  // of one line of an import
  CacheMode mode = CacheMode::kOn;
  std::string upstream;  // as ProxyOptions::upstream
};

}  // namespace larder
