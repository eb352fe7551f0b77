#include "cache/response_cache.h"

#include <array>

#include "base/bytes.h"

namespace larder {
namespace {

constexpr std::uint8_t kStreamFlag = 1;

}  // namespace

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
    : store_(store), memory_(options.memory_bytes) {}

ResponsePointer ResponseCache::FindInMemory(const CacheKey& key) {
  ResponsePointer entry = memory_.Find(key);
  if (entry != nullptr) ++stats_.memory_hits;
  return entry;
}

ResponseCache::Found ResponseCache::Find(const CacheKey& key) {
  if (ResponsePointer entry = FindInMemory(key); entry != nullptr) return {std::move(entry), false};
  const std::array<std::string_view, 1> keys = {AsBytes(key)};
  const std::uint64_t erasures = erasures_;
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
  memory_.PutIfAbsent(key, entry, entry->bytes());
  if (erasures_ != erasures) memory_.Erase(key);  // it may be what was erased meanwhile
  ++stats_.store_hits;
  return {std::move(entry), false};
}

Status ResponseCache::Put(const CacheKey& key, const ResponsePointer& entry) {
  PutInMemory(key, entry);
  return PutInStore(key, entry);
}

void ResponseCache::PutInMemory(const CacheKey& key, const ResponsePointer& entry) {
  memory_.Put(key, entry, entry->bytes());
}

Status ResponseCache::PutInStore(const CacheKey& key, const ResponsePointer& entry) {
  WriteBatch batch;
  batch.Put(Family::kResponses, AsBytes(key), EncodeResponse(*entry));
  Status status = store_.Apply(batch);
  ++(status.ok() ? stats_.writes : stats_.store_failures);
  return status;
}

Status ResponseCache::Erase(const CacheKey& key) {
  WriteBatch batch;
  batch.Delete(Family::kResponses, AsBytes(key));
  Status status = store_.Apply(batch);
  if (!status.ok()) ++stats_.store_failures;
  ++erasures_;  // before the memory tier: a look-up that read the store earlier undoes its fill
  memory_.Erase(key);
  return status;
}

}  // namespace larder
