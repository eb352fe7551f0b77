#include "cache/embedding_cache.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "cache/kept_stamps.h"

namespace larder {

EmbeddingCache::EmbeddingCache(Store& store, const Clock& clock, EmbeddingCacheOptions options)
    : store_(store), clock_(clock), options_(options), memory_(options.memory_bytes) {}

EmbeddingPointer EmbeddingCache::FindInMemory(const CacheKey& key, const FreshnessLimits& limits) {
  EmbeddingPointer entry = memory_.Find(key);
  if (entry == nullptr || FreshnessOf(entry->stamp, clock_.Now(), limits) != Freshness::kFresh) {
    return nullptr;
  }
  ++stats_.memory_hits;
  return entry;
}

EmbeddingCache::Peeked EmbeddingCache::Peek(const CacheKey& key, const FreshnessLimits& limits) {
  EmbeddingPointer entry = memory_.Find(key);
  if (entry == nullptr) {
    const std::uint64_t erasures = erasures_;
    const std::array<std::string_view, 1> keys = {AsBytes(key)};
    const auto values = store_.TryMultiGet(Family::kEmbeddings, keys);
    if (!values || !(*values)[0]) return {};
    auto decoded = DecodeEmbedding(*(*values)[0]);
    if (!decoded.ok()) return {};
    if (FreshnessOf(decoded->stamp, clock_.Now(), limits) != Freshness::kFresh) return {};
    entry = std::make_shared<const EmbeddingEntry>(std::move(decoded).value());
    memory_.PutIfAbsent(key, entry, entry->bytes());
    if (erasures_ != erasures) memory_.Erase(key);  // it may be what was erased meanwhile
    return {std::move(entry), true};
  }
  if (FreshnessOf(entry->stamp, clock_.Now(), limits) != Freshness::kFresh) return {};
  return {std::move(entry), false};
}

EmbeddingCache::Found EmbeddingCache::Find(std::span<const CacheKey> keys,
                                           const FreshnessLimits& limits) {
  Found found;
  found.entries.resize(keys.size());
  std::vector<std::size_t> absent;
  std::vector<std::string_view> wanted;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    found.entries[i] = FindInMemory(keys[i], limits);
    if (found.entries[i] == nullptr) {
      absent.push_back(i);
      wanted.push_back(AsBytes(keys[i]));
    }
  }
  if (absent.empty()) return found;

  const std::uint64_t erasures = erasures_;
  const auto values = store_.MultiGet(Family::kEmbeddings, wanted);
  if (!values.ok()) {
    ++stats_.store_failures;
    found.store_failed = true;
    return found;
  }
  for (std::size_t j = 0; j < absent.size(); ++j) {
    const auto& bytes = (*values)[j];
    if (!bytes) {
      // Its write may still wait: then memory has what the limits refuse.
      const EmbeddingPointer held = memory_.Find(keys[absent[j]]);
      if (held == nullptr) continue;
      const Freshness freshness = FreshnessOf(held->stamp, clock_.Now(), limits);
      if (freshness == Freshness::kStale) {
        ++found.stale;
        ++stats_.expired;
      } else if (freshness != Freshness::kFresh) {
        ++found.refused;
      }
      continue;
    }
    auto decoded = DecodeEmbedding(*bytes);
    if (!decoded.ok()) {
      ++stats_.corrupt;
      continue;
    }
    if (const Freshness freshness = FreshnessOf(decoded->stamp, clock_.Now(), limits);
        freshness != Freshness::kFresh) {
      ++(freshness == Freshness::kStale ? found.stale : found.refused);
      if (freshness == Freshness::kStale) ++stats_.expired;
      continue;
    }
    auto entry = std::make_shared<const EmbeddingEntry>(std::move(decoded).value());
    const CacheKey& key = keys[absent[j]];
    memory_.PutIfAbsent(key, entry, entry->bytes());
    if (erasures_ != erasures) memory_.Erase(key);  // it may be what was erased meanwhile
    found.entries[absent[j]] = std::move(entry);
    ++stats_.store_hits;
  }
  return found;
}

Status EmbeddingCache::Put(std::span<const NewEmbedding> embeddings,
                           std::optional<RecentPurges::Moment> begun) {
  const RecentPurges::Moment since = begun.value_or(purges_.Now());
  const auto purged = [&](const NewEmbedding& added) {
    return purges_.PurgedSince(FactsOf(added.key, added.input, added.entry->stamp), since);
  };
  std::vector<NewEmbedding> kept;
  if (purges_.AnySince(since)) {
    std::remove_copy_if(embeddings.begin(), embeddings.end(), std::back_inserter(kept), purged);
    embeddings = kept;
  }
  if (embeddings.empty()) return {};
  LARDER_RETURN_IF_ERROR(PutAll(embeddings));
  if (!purges_.AnySince(since)) return {};
  // A purge that began meanwhile may have passed by before they were there.
  std::vector<CacheKey> gone;
  for (const NewEmbedding& added : embeddings) {
    if (purged(added)) gone.push_back(added.key);
  }
  return gone.empty() ? Status() : Erase(gone);
}

Status EmbeddingCache::PutAll(std::span<const NewEmbedding> embeddings) {
  WriteBatch batch;
  for (const NewEmbedding& added : embeddings) {
    memory_.Put(added.key, added.entry, added.entry->bytes());
    batch.Put(Family::kEmbeddings, AsBytes(added.key), EncodeEmbedding(*added.entry));
    if (options_.store_inputs) {
      batch.Put(Family::kInputs, AsBytes(added.key), EncodeInput(added.input, added.entry->stamp));
    } else {
      InputRecord without_text = added.input;
      without_text.input.clear();
      batch.Put(Family::kInputs, AsBytes(added.key), EncodeInput(without_text, added.entry->stamp));
    }
  }
  if (Status status = store_.ApplyOwned(std::move(batch)); !status.ok()) {
    ++stats_.store_failures;
    return status;
  }
  stats_.writes += embeddings.size();
  if (observer_) {
    for (const NewEmbedding& added : embeddings) observer_(added);
  }
  return {};
}

Status EmbeddingCache::Erase(std::span<const CacheKey> keys) {
  WriteBatch batch;
  for (const CacheKey& key : keys) {
    batch.Delete(Family::kEmbeddings, AsBytes(key));
    batch.Delete(Family::kInputs, AsBytes(key));
  }
  Status status = store_.Apply(batch);
  if (!status.ok()) ++stats_.store_failures;
  EraseInMemory(keys);
  return status;
}

void EmbeddingCache::EraseInMemory(std::span<const CacheKey> keys) {
  ++erasures_;  // before the memory tier: a look-up that read the store earlier undoes its fill
  for (const CacheKey& key : keys) memory_.Erase(key);
}

Status EmbeddingCache::Clear() {
  Status status = store_.Clear(Family::kEmbeddings);
  const Status inputs = store_.Clear(Family::kInputs);
  if (status.ok()) status = inputs;
  if (!status.ok()) ++stats_.store_failures;
  ++erasures_;
  memory_.Clear();
  return status;
}

Result<std::vector<std::optional<RecordStamp>>> EmbeddingCache::StampsOf(
    std::span<const CacheKey> keys) {
  // The inputs' records are small, and have the same stamps.
  return KeptStamps(store_, Family::kInputs, memory_, keys);
}

}  // namespace larder
