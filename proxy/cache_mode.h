// How much the cache takes part: the configuration's cache.mode. Thread-safety: a value; pure
// functions.
#pragma once

#include "proxy/cache_directives.h"

namespace larder {

enum class CacheMode {
  kOn,        // the cache works
  kRecord,    // every cacheable request goes upstream, and its answer is stored to be replayed
  kReplay,    // the cache alone answers, whatever the age; a miss is 504, nothing goes upstream
  kReadOnly,  // what is cached answers; nothing new is stored
  kOff,       // nothing is cached
};

// What a request asks for, bent to the mode: record reads nothing, replay asks the cache alone and
// takes any age whatever the request says, read-only stores nothing, off does neither.
void ApplyMode(CacheMode mode, CacheDirectives& directives);

}  // namespace larder
