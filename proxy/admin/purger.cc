#include "proxy/admin/purger.h"

#include <algorithm>

#include "proxy/openai/response_id.h"
#include "proxy/openai/response_policy.h"

namespace larder {
namespace {

constexpr EntryCatalog::Bounds kStep{
    .entries = 512, .scanned = 4096, .bytes = 4U << 20, .time = std::chrono::milliseconds(20)};
constexpr std::chrono::milliseconds kBetweenReports{200};
constexpr std::array kLayers = {EntryLayer::kEmbeddings, EntryLayer::kResponses};

Error Stopped() {
  return Error{ErrorCode::kCancelled, ErrorOrigin::kSelf, "the purge was stopped before its end"};
}

}  // namespace

struct Purger::Work {
  const PurgeOrder& order;
  const Progress& progress;
  PurgeCounts counts;
  MonoTime last_report{};
};

PurgeOutcome Purger::Run(const PurgeOrder& order, const std::string& peer,
                         const Progress& progress) {
  const MonoTime begun = clock_.Monotonic();
  Work work{order, progress, {}};
  for (const EntryLayer layer : kLayers) {
    if (order.filter.Concerns(layer) && !order.filter.key) {
      work.counts.total += catalog_.CountOf(layer);
    }
  }
  PurgeOutcome outcome;
  outcome.status = RunWith(work);
  outcome.counts = work.counts;
  if (ended_ && work.counts.deleted > 0) ended_();
  outcome.counts.took =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.Monotonic() - begun);
  if (!outcome.status.ok()) {
    Error error = outcome.status.error();
    error.message = std::to_string(work.counts.deleted) + " of " +
                    std::to_string(work.counts.matched) +
                    " entries found so far were deleted, then: " + error.message;
    outcome.status = error;
  }
  LogRun(order, peer, outcome);
  return outcome;
}

Status Purger::RunWith(Work& work) {
  const EntryFilter& filter = work.order.filter;
  // From here to the end nothing that is meant gets into the caches.
  std::optional<RecentPurges::Running> of_embeddings;
  std::optional<RecentPurges::Running> of_responses;
  if (!work.order.dry_run) {
    of_embeddings.emplace(embeddings_.purges().Begin(filter));
    of_responses.emplace(responses_.purges().Begin(filter));
  }
  for (const EntryLayer layer : kLayers) {
    if (filter.Concerns(layer)) LARDER_RETURN_IF_ERROR(PurgeLayer(work, layer));
  }
  // The cache's log is not synced otherwise: what was deleted would be there again.
  return work.counts.deleted > 0 ? store_.Sync() : Status();
}

Status Purger::PurgeLayer(Work& work, EntryLayer layer) {
  if (work.order.filter.key) return PurgeKey(work, layer);
  if (work.order.filter.IsEmpty()) return PurgeEverything(work, layer);
  return Scan(work, layer);
}

Status Purger::PurgeKey(Work& work, EntryLayer layer) {
  const CacheKey& key = *work.order.filter.key;
  LARDER_ASSIGN_OR_RETURN(const auto found, catalog_.Find(layer, key));
  ++work.counts.scanned;
  if (found && work.order.filter.Matches(found->Facts())) {
    ++work.counts.matched;
    return work.order.dry_run ? Status() : Delete(work, layer, {&*found, 1});
  }
  if (work.order.dry_run || found) return {};
  // It may stand in memory alone, or be damaged in the store.
  bool held = false;
  if (layer == EntryLayer::kEmbeddings) {
    const std::array<CacheKey, 1> keys = {key};
    LARDER_ASSIGN_OR_RETURN(const auto stamps, embeddings_.StampsOf(keys));
    held = stamps[0].has_value();
    if (held) LARDER_RETURN_IF_ERROR(embeddings_.Erase(keys));
  } else if (const auto peeked = responses_.Peek(key); peeked.entry != nullptr) {
    held = work.order.filter.Matches(FactsOf(key, *peeked.entry));
    if (held) LARDER_RETURN_IF_ERROR(responses_.Erase(key));
  }
  if (!held) return {};
  ++work.counts.matched;
  ++work.counts.deleted;
  if (observer_) observer_({&key, 1}, layer);
  return {};
}

Status Purger::PurgeEverything(Work& work, EntryLayer layer) {
  const std::uint64_t entries = catalog_.CountOf(layer);
  work.counts.matched += entries;
  if (work.order.dry_run) return {};
  if (layer == EntryLayer::kEmbeddings) {
    LARDER_RETURN_IF_ERROR(embeddings_.Clear());
    indexer_.ForgetAll();
  } else {
    LARDER_RETURN_IF_ERROR(responses_.Clear());
  }
  work.counts.deleted += entries;
  if (observer_) observer_({}, layer);
  return {};
}

Status Purger::Scan(Work& work, EntryLayer layer) {
  const EntryFilter& filter = work.order.filter;
  // What the scan does not come past stands in memory alone. Of an embedding, memory does not know
  // where it belongs.
  std::vector<CacheKey> in_memory;
  if (layer == EntryLayer::kEmbeddings && !work.order.dry_run) {
    embeddings_.memory().ForEach(
        [&](const CacheKey& key, const EmbeddingPointer&) { in_memory.push_back(key); });
    std::sort(in_memory.begin(), in_memory.end());
  }
  std::vector<CacheKey> only_in_memory;
  auto next_in_memory = in_memory.begin();
  const auto pass = [&](const CacheKey& key) {
    while (next_in_memory != in_memory.end() && *next_in_memory < key) {
      only_in_memory.push_back(*next_in_memory++);
    }
    if (next_in_memory != in_memory.end() && *next_in_memory == key) ++next_in_memory;
  };

  std::optional<CacheKey> after;
  do {
    LARDER_ASSIGN_OR_RETURN(const EntryCatalog::Page page,
                            catalog_.Scan(layer, after, kStep, [&](const CatalogEntry& entry) {
                              pass(entry.key);
                              return filter.Matches(entry.Facts());
                            }));
    work.counts.scanned += page.scanned;
    work.counts.matched += page.entries.size();
    if (!work.order.dry_run) LARDER_RETURN_IF_ERROR(Delete(work, layer, page.entries));
    after = page.last;
    if (work.progress && clock_.Monotonic() - work.last_report >= kBetweenReports) {
      work.last_report = clock_.Monotonic();
      if (!work.progress(work.counts)) return Stopped();
    }
  } while (after);
  if (work.order.dry_run) return {};
  only_in_memory.insert(only_in_memory.end(), next_in_memory, in_memory.end());
  ForgetInMemory(layer, filter, only_in_memory);
  return {};
}

void Purger::ForgetInMemory(EntryLayer layer, const EntryFilter& filter,
                            const std::vector<CacheKey>& only_in_memory) {
  if (layer == EntryLayer::kEmbeddings) {
    embeddings_.EraseInMemory(only_in_memory);
    return;
  }
  std::vector<CacheKey> matching;
  responses_.memory().ForEach([&](const CacheKey& key, const ResponsePointer& entry) {
    if (filter.Matches(FactsOf(key, *entry))) matching.push_back(key);
  });
  responses_.EraseInMemory(matching);
}

Status Purger::Delete(Work& work, EntryLayer layer, std::span<const CatalogEntry> entries) {
  if (entries.empty()) return {};
  std::vector<CacheKey> keys;
  std::vector<Digest> ids;
  keys.reserve(entries.size());
  for (const CatalogEntry& entry : entries) {
    keys.push_back(entry.key);
    const ResponseEntry& response = entry.response;
    if (response.path != EndpointName(Endpoint::kResponses)) continue;
    if (const auto id = ResponseIdOf(response.body, response.is_stream); !id.empty()) {
      ids.push_back(DeriveResponseIdKey(Partition(response.partition), id));
    }
  }
  if (layer == EntryLayer::kEmbeddings) {
    LARDER_RETURN_IF_ERROR(embeddings_.Erase(keys));
    for (const CatalogEntry& entry : entries) {
      const InputRecord& input = entry.input;
      if (input.kind != InputKind::kText || input.query_only) continue;
      indexer_.Forget(Indexer::SpaceOf(input.partition, input.name_space, input.upstream,
                                       input.model, input.dim),
                      entry.key);
    }
  } else {
    LARDER_RETURN_IF_ERROR(responses_.EraseAll(keys, ids));
  }
  work.counts.deleted += keys.size();
  if (observer_) observer_(keys, layer);
  return {};
}

void Purger::LogRun(const PurgeOrder& order, const std::string& peer, const PurgeOutcome& outcome) {
  const EntryFilter& filter = order.filter;
  const LogLevel level = outcome.status.ok() ? LogLevel::kInfo : LogLevel::kError;
  log_.Write(level, "purge",
             {{"peer", peer},
              {"layer", filter.layer ? EntryLayerName(*filter.layer) : "both"},
              {"all", filter.IsEmpty()},
              {"model", filter.model},
              {"partition", filter.partition},
              {"namespace", filter.name_space.value_or("(any)")},
              {"key", filter.key ? ToHex(*filter.key) : std::string()},
              {"by_input", filter.input.has_value()},
              {"by_prefix", !filter.prefix.empty()},
              {"older_than_s", order.older_than ? order.older_than->count() : std::int64_t{-1}},
              {"dry_run", order.dry_run},
              {"matched", outcome.counts.matched},
              {"deleted", outcome.counts.deleted},
              {"scanned", outcome.counts.scanned},
              {"took_ms", static_cast<std::int64_t>(outcome.counts.took.count())},
              {"error", outcome.status.ok() ? "" : outcome.status.error().message}});
}

}  // namespace larder
