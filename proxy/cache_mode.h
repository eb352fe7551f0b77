// How much the cache takes part: the configuration's cache.mode. Thread-safety: a value.
#pragma once

namespace larder {

enum class CacheMode {
  kOn,        // the cache works
  kRecord,    // every cacheable request goes upstream, and its answer is stored to be replayed
  kReplay,    // the cache alone answers, whatever the age; a miss is 504, nothing goes upstream
  kReadOnly,  // what is cached answers; nothing new is stored
  kOff,       // nothing is cached
};

}  // namespace larder
