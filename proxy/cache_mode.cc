#include "proxy/cache_mode.h"

namespace larder {

void ApplyMode(CacheMode mode, CacheDirectives& directives) {
  switch (mode) {
    case CacheMode::kOn:
      return;
    case CacheMode::kRecord:
      directives.no_cache = true;
      directives.lifetime = kRecordedLifetime;
      return;
    case CacheMode::kReplay:
      directives.no_cache = directives.no_store = directives.skip_cache = false;
      directives.max_age.reset();
      directives.min_fresh = std::chrono::seconds{0};
      directives.only_if_cached = true;
      directives.any_age = true;
      return;
    case CacheMode::kReadOnly:
      directives.read_only = true;
      return;
    case CacheMode::kOff:
      directives.skip_cache = true;
      return;
  }
}

}  // namespace larder
