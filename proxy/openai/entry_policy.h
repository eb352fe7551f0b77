// Whether a stored answer answers a request: RFC 9111, sections 4.2 and 5.2.1 (what the request
// asks for), RFC 5861 (stale-while-revalidate, stale-if-error). Policy without I/O.
// Thread-safety: pure functions.
#pragma once

#include <chrono>

#include "cache/freshness.h"
#include "proxy/cache_directives.h"
#include "proxy/cache_status.h"

namespace larder {

struct StaleOptions {
  std::chrono::seconds while_revalidate{60};  // past its lifetime an entry still answers so long
  std::chrono::seconds if_error{86'400};      // and so long when upstream fails
};

struct EntryVerdict {
  bool answers = false;
  bool refresh = false;   // it answers although stale, and is to be renewed behind the answer
  bool on_error = false;  // it does not answer, but may when upstream fails
  CacheOutcome outcome = CacheOutcome::kMiss;  // kHit, or why it does not answer
};

// `lifetime` is the configured one. Precondition: directives.may_read().
EntryVerdict JudgeEntry(const RecordStamp& stamp, WallTime now, std::chrono::seconds lifetime,
                        const CacheDirectives& directives, const StaleOptions& stale);

}  // namespace larder
