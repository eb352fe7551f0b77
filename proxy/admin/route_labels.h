// RouteLabels: keeps the set of route labels small, whatever a caller sends. Each label is a time
// series of every metric for ever. Thread-safe.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace larder {

class RouteLabels {
 public:
  static constexpr std::size_t kLimit = 32;

  // `route` itself when it is [a-z0-9_-]{1,32} and among the first kLimit of that form; else
  // "other". The view lives as long as this object.
  std::string_view Bound(std::string_view route);

 private:
  Mutex mutex_;
  std::set<std::string, std::less<>> known_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder
