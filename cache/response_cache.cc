#include "cache/response_cache.h"

#include <array>
#include <cstring>

#include "base/bytes.h"
#include "cache/kept_stamps.h"

namespace larder {
namespace {

constexpr std::uint8_t kStreamFlag = 1;
constexpr std::size_t kIdShare = 32;  // of the memory: for ids

std::optional<Digest> IdKeyOf(const ResponseEntry& entry) {
  if (entry.response_id.empty()) return std::nullopt;
  return DeriveResponseIdKey(Partition(entry.partition), entry.response_id);
}

}  // namespace

EntryFacts FactsOf(const CacheKey& key, const ResponseEntry& entry) {
  return {EntryLayer::kResponses, key, entry.partition, entry.name_space, entry.model, std::nullopt,
          entry.stamp.stored_at};
}

std::size_t ResponseEntry::bytes() const {
  std::size_t sum = sizeof(*this) + body.size() + partition.size() + name_space.size() +
                    upstream.size() + model.size() + path.size();
  for (const auto& [name, value] : fields) sum += 64 + name.size() + value.size();
  return sum;
}

std::string EncodeResponse(const ResponseEntry& entry) {
  std::string payload;
  ByteWriter writer(payload);
  writer.Fixed(static_cast<std::uint16_t>(entry.status));
  writer.Fixed(static_cast<std::uint8_t>(entry.is_stream ? kStreamFlag : 0));
  writer.Fixed(entry.prompt_tokens);
  writer.Fixed(entry.completion_tokens);
  for (const std::string* text :
       {&entry.partition, &entry.name_space, &entry.upstream, &entry.model, &entry.path}) {
    writer.Prefixed(*text);
  }
  writer.Fixed(static_cast<std::uint16_t>(entry.fields.size()));
  for (const auto& [name, value] : entry.fields) {
    writer.Prefixed(name);
    writer.Prefixed(value);
  }
  writer.Prefixed(entry.body);
  return SealRecord(RecordKind::kResponse, entry.stamp, payload);
}

Result<ResponseEntry> DecodeResponse(std::string_view bytes) {
  LARDER_ASSIGN_OR_RETURN(const OpenedRecord opened, OpenRecord(RecordKind::kResponse, bytes));
  ByteReader reader(opened.payload);
  ResponseEntry entry;
  entry.stamp = opened.stamp;
  entry.status = reader.Fixed<std::uint16_t>();
  entry.is_stream = (reader.Fixed<std::uint8_t>() & kStreamFlag) != 0;
  entry.prompt_tokens = reader.Fixed<std::int64_t>();
  entry.completion_tokens = reader.Fixed<std::int64_t>();
  for (std::string* text :
       {&entry.partition, &entry.name_space, &entry.upstream, &entry.model, &entry.path}) {
    *text = reader.Prefixed();
  }
  const auto fields = reader.Fixed<std::uint16_t>();
  for (std::size_t i = 0; i < fields && reader.ok(); ++i) {
    std::string name(reader.Prefixed());
    std::string value(reader.Prefixed());
    entry.fields.emplace_back(std::move(name), std::move(value));
  }
  entry.body = reader.Prefixed();
  if (!reader.ok() || reader.remaining() != 0) {
    return StoreError(ErrorCode::kCorruption, "stored record: payload is not whole");
  }
  return entry;
}

ResponseCache::ResponseCache(Store& store, ResponseCacheOptions options)
    : store_(store),
      memory_(options.memory_bytes - options.memory_bytes / kIdShare),
      ids_(options.memory_bytes / kIdShare) {}

ResponsePointer ResponseCache::FindInMemory(const CacheKey& key) {
  ResponsePointer entry = memory_.Find(key);
  if (entry != nullptr) ++stats_.memory_hits;
  return entry;
}

ResponseCache::Found ResponseCache::Find(const CacheKey& key) {
  if (ResponsePointer entry = FindInMemory(key); entry != nullptr) return {std::move(entry), false};
  const std::array<std::string_view, 1> keys = {AsBytes(key)};
  const auto erasures = erasures_.Moment();
  const std::uint64_t purged = purged_;
  auto values = store_.MultiGet(Family::kResponses, keys);
  if (!values.ok()) {
    ++stats_.store_failures;
    return {nullptr, true};
  }
  if (!(*values)[0]) return {};
  auto decoded = DecodeResponse(*(*values)[0]);
  if (!decoded.ok()) {
    ++stats_.corrupt;
    return {};
  }
  auto entry = std::make_shared<const ResponseEntry>(std::move(decoded).value());
  Fill(key, entry, erasures, purged);
  ++stats_.store_hits;
  return {std::move(entry), false};
}

ResponseCache::Peeked ResponseCache::Peek(const CacheKey& key) {
  if (ResponsePointer entry = memory_.Find(key); entry != nullptr) return {std::move(entry), false};
  const std::array<std::string_view, 1> keys = {AsBytes(key)};
  const auto erasures = erasures_.Moment();
  const std::uint64_t purged = purged_;
  const auto values = store_.TryMultiGet(Family::kResponses, keys);
  if (!values || !(*values)[0]) return {};
  auto decoded = DecodeResponse(*(*values)[0]);
  if (!decoded.ok()) return {};
  auto entry = std::make_shared<const ResponseEntry>(std::move(decoded).value());
  Fill(key, entry, erasures, purged);
  return {std::move(entry), true};
}

void ResponseCache::Fill(const CacheKey& key, const ResponsePointer& entry, std::uint64_t erasures,
                         std::uint64_t purged) {
  memory_.PutIfAbsent(key, entry, entry->bytes());
  if (erasures_.ErasedSince(key, erasures) || purged_ != purged) memory_.Erase(key);
}

Status ResponseCache::Put(const CacheKey& key, const ResponsePointer& entry,
                          std::optional<RecentPurges::Moment> begun) {
  return PutInStore(key, entry, PutInMemory(key, entry, begun));
}

ResponseCache::Moment ResponseCache::PutInMemory(const CacheKey& key, const ResponsePointer& entry,
                                                 std::optional<RecentPurges::Moment> begun) {
  const Moment before{erasures_.Moment(), begun.value_or(purges_.Now())};
  const auto purged = [&] { return purges_.PurgedSince(FactsOf(key, *entry), before.purges); };
  if (purged()) return before;
  const std::optional<Digest> id = IdKeyOf(*entry);
  // The id first: whoever erases it looks for the key behind it.
  if (id) ids_.Put(*id, std::make_shared<const CacheKey>(key), sizeof(CacheKey));
  memory_.Put(key, entry, entry->bytes());
  if ((id && erasures_.Erased(*id)) || purged()) memory_.Erase(key);
  return before;
}

Status ResponseCache::PutInStore(const CacheKey& key, const ResponsePointer& entry,
                                 Moment put_in_memory) {
  const std::optional<Digest> id = IdKeyOf(*entry);
  const auto erased = [&] {
    return erasures_.ErasedSince(key, put_in_memory.erasures) || (id && erasures_.Erased(*id)) ||
           purges_.PurgedSince(FactsOf(key, *entry), put_in_memory.purges);
  };
  if (erased()) return {};
  WriteBatch batch;
  batch.Put(Family::kResponses, AsBytes(key), EncodeResponse(*entry));
  if (id) {
    batch.Put(Family::kResponseIds, AsBytes(*id),
              SealRecord(RecordKind::kResponseId, entry->stamp, AsBytes(key)));
  }
  Status status = store_.ApplyOwned(std::move(batch));
  ++(status.ok() ? stats_.writes : stats_.store_failures);
  if (status.ok() && erased()) return Erase(key);  // it was erased while it was being written
  return status;
}

Status ResponseCache::Erase(const CacheKey& key) {
  return EraseWith(key, {});
}

Status ResponseCache::Evict(std::span<const CacheKey> keys) {
  WriteBatch batch;
  for (const CacheKey& key : keys) batch.Delete(Family::kResponses, AsBytes(key));
  Status status = store_.Apply(batch);
  if (!status.ok()) ++stats_.store_failures;
  for (const CacheKey& key : keys) memory_.Erase(key);
  return status;
}

Status ResponseCache::EraseWith(const CacheKey& key, WriteBatch batch) {
  erasures_.Add(key);  // first: what is being read or written meanwhile undoes itself
  batch.Delete(Family::kResponses, AsBytes(key));
  Status status = store_.Apply(batch);
  if (!status.ok()) ++stats_.store_failures;
  memory_.Erase(key);
  return status;
}

Status ResponseCache::EraseAll(std::span<const CacheKey> keys, std::span<const Digest> ids) {
  WriteBatch batch;
  for (const CacheKey& key : keys) batch.Delete(Family::kResponses, AsBytes(key));
  for (const Digest& id : ids) batch.Delete(Family::kResponseIds, AsBytes(id));
  Status status = store_.Apply(batch);
  if (!status.ok()) ++stats_.store_failures;
  EraseInMemory(keys);
  for (const Digest& id : ids) ids_.Erase(id);
  return status;
}

void ResponseCache::EraseInMemory(std::span<const CacheKey> keys) {
  ++purged_;  // before the memory tier: a look-up that read the store earlier undoes its fill
  for (const CacheKey& key : keys) memory_.Erase(key);
}

Status ResponseCache::Clear() {
  Status status = store_.Clear(Family::kResponses);
  const Status ids = store_.Clear(Family::kResponseIds);
  if (status.ok()) status = ids;
  if (!status.ok()) ++stats_.store_failures;
  ++purged_;
  memory_.Clear();
  ids_.Clear();
  return status;
}

Result<std::vector<std::optional<RecordStamp>>> ResponseCache::StampsOf(
    std::span<const CacheKey> keys) {
  return KeptStamps(store_, Family::kResponses, memory_, keys);
}

Result<bool> ResponseCache::EraseById(const Partition& partition, std::string_view response_id) {
  const Digest id = DeriveResponseIdKey(partition, response_id);
  erasures_.Add(id);
  WriteBatch batch;
  batch.Delete(Family::kResponseIds, AsBytes(id));
  if (const auto key = ids_.Find(id)) {
    ids_.Erase(id);  // or the next erasure of it would take what is stored under the key by then
    LARDER_RETURN_IF_ERROR(EraseWith(*key, std::move(batch)));
    return true;
  }
  const std::array<std::string_view, 1> keys = {AsBytes(id)};
  auto values = store_.MultiGet(Family::kResponseIds, keys);
  if (!values.ok()) {
    ++stats_.store_failures;
    return values.error();
  }
  if (!(*values)[0]) return false;
  const auto opened = OpenRecord(RecordKind::kResponseId, *(*values)[0]);
  CacheKey key{};
  if (!opened.ok() || opened->payload.size() != key.size()) {
    ++stats_.corrupt;
    return false;
  }
  std::memcpy(key.data(), opened->payload.data(), key.size());
  LARDER_RETURN_IF_ERROR(EraseWith(key, std::move(batch)));
  return true;
}

}  // namespace larder
