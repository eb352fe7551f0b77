#include "proxy/admin/request_tally.h"

#include <algorithm>

namespace larder {

void TimeBuckets::Add(std::chrono::microseconds time) {
  const std::int64_t micros = std::max<std::int64_t>(time.count(), 0);
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), micros);
  ++buckets[static_cast<std::size_t>(bound - kBounds.begin())];
  sum_micros += static_cast<std::uint64_t>(micros);
}

void TimeBuckets::Merge(const TimeBuckets& other) {
  for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += other.buckets[i];
  sum_micros += other.sum_micros;
}

void RequestTally::Add(const RequestRecord& record) {
  const auto outcome = static_cast<std::size_t>(record.cache.outcome);
  duration[outcome].Add(record.total);
  // Up to the answer's head: what follows of a stream is upstream's time, not Larder's.
  const auto until_head = record.to_first_byte.count() > 0 ? record.to_first_byte : record.total;
  overhead[outcome].Add(until_head - record.times.upstream);
  if (AskedUpstream(record)) {
    ++upstream_requests[StatusClassOf(record.cache.forward_status)];
    upstream.Add(record.times.upstream);
  }
  if (record.cache.store_failed) ++store_failed;
  if (record.cache.revalidating) ++stale_revalidated;
  if (record.cache.on_error) ++stale_on_error;
}

void RequestTally::Merge(const RequestTally& other) {
  for (std::size_t i = 0; i < duration.size(); ++i) duration[i].Merge(other.duration[i]);
  for (std::size_t i = 0; i < overhead.size(); ++i) overhead[i].Merge(other.overhead[i]);
  upstream.Merge(other.upstream);
  for (std::size_t i = 0; i < upstream_requests.size(); ++i) {
    upstream_requests[i] += other.upstream_requests[i];
  }
  store_failed += other.store_failed;
  stale_revalidated += other.stale_revalidated;
  stale_on_error += other.stale_on_error;
}

}  // namespace larder
