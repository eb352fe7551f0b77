// The conditions on entries as requests to the admin API give them: in a query, or as the body of a
// purge. Thread-safety: pure functions. Errors: kInvalidArgument with the field in `param`.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "cache/entry_filter.h"

namespace larder {

// `layer`, `model`, `partition` and `namespace`; a condition that is absent or empty is none, but
// for the namespace: an empty one is that of requests which name none.
Result<EntryFilter> FilterOfQuery(std::string_view query);

struct PurgeOrder {
  EntryFilter filter;  // empty but for the layer: everything goes
  bool dry_run = false;
  bool compact = false;                            // nothing may be left on the disk of what goes
  std::optional<std::chrono::seconds> older_than;  // what filter.stored_before was made of
};
// {"layer","model","partition","namespace","key","input","prefix","older_than_s","all","dry_run",
// "compact"};
// at least one condition, of which the layer is one, or "all": true without others than the layer.
Result<PurgeOrder> ParsePurgeOrder(std::string_view body, WallTime now);

}  // namespace larder
