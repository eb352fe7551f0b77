// RecentRequests: the last requests of one thread, for the live tail. Slots are used again, so that
// the steady state allocates nothing. Thread-safety: none; its owner locks.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proxy/admin/request_record.h"
#include "proxy/admin/rollup.h"
#include "proxy/admin/traffic_filter.h"

namespace larder {

struct RecentRequest {
  std::uint64_t seq = 0;
  RequestRecord record;
  RequestCost cost;
};

// Which requests a reader wants.
struct EventFilter {
  TrafficFilter traffic;
  std::optional<CacheOutcome> outcome;

  bool Matches(const RequestRecord& record) const {
    if (outcome && *outcome != record.cache.outcome) return false;
    return traffic.empty() || traffic.Matches({record.model, record.partition, record.route});
  }
};

class RecentRequests {
 public:
  static constexpr std::size_t kSlots = 500;

  // Sequence numbers rise from call to call.
  void Put(std::uint64_t seq, const RequestRecord& record, const RequestCost& cost);

  // Appends copies of those with after < seq < before that match, oldest first and the newest
  // `most` at most. Returns how many are in that range, whether they match or not.
  std::size_t Copy(std::uint64_t after, std::uint64_t before, const EventFilter& filter,
                   std::size_t most, std::vector<RecentRequest>& out) const;

 private:
  std::vector<RecentRequest> slots_;  // a ring once it is full
  std::size_t next_ = 0;              // the oldest then
};

}  // namespace larder
