#include "proxy/admin/recent_requests.h"

#include <algorithm>

namespace larder {
namespace {

constexpr std::size_t kKeptText = 1024;

// A caller chooses how long these are, and a slot keeps its memory.
void Shorten(RequestRecord& record) {
  for (std::string* text : {&record.path, &record.model, &record.request_id}) {
    if (text->size() > kKeptText) *text = text->substr(0, kKeptText);
  }
}

}  // namespace

void RecentRequests::Put(std::uint64_t seq, const RequestRecord& record, const RequestCost& cost) {
  if (slots_.size() < kSlots) {
    if (slots_.empty()) slots_.reserve(kSlots);
    slots_.push_back({seq, record, cost});
    Shorten(slots_.back().record);
    return;
  }
  RecentRequest& slot = slots_[next_];
  slot.seq = seq;
  slot.record = record;
  slot.cost = cost;
  Shorten(slot.record);
  next_ = next_ + 1 == kSlots ? 0 : next_ + 1;
}

std::size_t RecentRequests::Copy(std::uint64_t after, std::uint64_t before,
                                 const EventFilter& filter, std::size_t most,
                                 std::vector<RecentRequest>& out) const {
  std::size_t in_range = 0;
  std::vector<const RecentRequest*> wanted;  // newest first
  for (std::size_t i = slots_.size(); i-- > 0;) {
    const RecentRequest& slot = slots_[(next_ + i) % slots_.size()];
    if (slot.seq >= before) continue;
    if (slot.seq <= after) break;
    ++in_range;
    if (wanted.size() < most && filter.Matches(slot.record)) wanted.push_back(&slot);
  }
  std::for_each(wanted.rbegin(), wanted.rend(),
                [&](const RecentRequest* slot) { out.push_back(*slot); });
  return in_range;
}

}  // namespace larder
