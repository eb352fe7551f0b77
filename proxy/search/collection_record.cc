#include "proxy/search/collection_record.h"

#include "base/bytes.h"
#include "cache/record.h"

namespace larder {
namespace {

constexpr char kCollectionTag = 'c';
constexpr char kDroppedTag = 'd';
constexpr char kNextIdTag = 'n';

Error Corrupt() {
  return StoreError(ErrorCode::kCorruption, "stored collection: payload is not whole");
}

}  // namespace

std::string CollectionKey(const CollectionScope& scope, std::string_view name) {
  std::string key(1, kCollectionTag);
  ByteWriter writer(key);
  writer.Prefixed(scope.partition);
  writer.Prefixed(scope.name_space);
  writer.Raw(name);
  return key;
}

std::string EncodeCollection(const CollectionRecord& record) {
  std::string payload;
  ByteWriter writer(payload);
  writer.Fixed(record.id);
  writer.Fixed(record.sequence);
  writer.Fixed(record.points);
  writer.Fixed(ToUnixMillis(record.created));
  writer.Prefixed(record.scope.partition);
  writer.Prefixed(record.scope.name_space);
  const CollectionSpec& spec = record.spec;
  writer.Prefixed(spec.name);
  writer.Fixed(static_cast<std::uint32_t>(spec.dimensions));
  writer.Fixed(static_cast<std::uint8_t>(spec.metric));
  writer.Fixed(static_cast<std::uint8_t>(spec.storage));
  writer.Prefixed(spec.model);
  writer.Prefixed(spec.description);
  writer.Fixed(static_cast<std::uint32_t>(spec.metadata_indexes.size()));
  for (const auto& [name, type] : spec.metadata_indexes) {
    writer.Prefixed(name);
    writer.Prefixed(type);
  }
  return SealRecord(RecordKind::kCollection, {record.modified, {}}, payload);
}

Result<CollectionRecord> DecodeCollection(std::string_view key, std::string_view bytes) {
  LARDER_ASSIGN_OR_RETURN(const OpenedRecord opened, OpenRecord(RecordKind::kCollection, bytes));
  ByteReader reader(opened.payload);
  CollectionRecord record;
  record.modified = opened.stamp.stored_at;
  record.id = reader.Fixed<std::uint64_t>();
  record.sequence = reader.Fixed<std::uint64_t>();
  record.points = reader.Fixed<std::uint64_t>();
  record.created = FromUnixMillis(reader.Fixed<std::int64_t>());
  record.scope.partition = reader.Prefixed();
  record.scope.name_space = reader.Prefixed();
  CollectionSpec& spec = record.spec;
  spec.name = reader.Prefixed();
  spec.dimensions = reader.Fixed<std::uint32_t>();
  const auto metric = reader.Fixed<std::uint8_t>();
  const auto storage = reader.Fixed<std::uint8_t>();
  spec.metric = static_cast<Metric>(metric);
  spec.storage = static_cast<Storage>(storage);
  spec.model = reader.Prefixed();
  spec.description = reader.Prefixed();
  const auto indexes = reader.Fixed<std::uint32_t>();
  for (std::uint32_t i = 0; i < indexes && reader.ok(); ++i) {
    std::string name(reader.Prefixed());
    spec.metadata_indexes.emplace_back(std::move(name), reader.Prefixed());
  }
  if (!reader.ok() || reader.remaining() != 0 || !CheckSpec(spec).ok() ||
      metric > static_cast<std::uint8_t>(Metric::kEuclidean) ||
      storage > static_cast<std::uint8_t>(Storage::kInt8) ||
      CollectionKey(record.scope, spec.name) != key) {
    return Corrupt();
  }
  return record;
}

std::string DroppedKey(std::uint64_t id) {
  std::string key(1, kDroppedTag);
  ByteWriter(key).Fixed(id);
  return key;
}

std::string NextIdKey() {
  return std::string(1, kNextIdTag);
}

std::string EncodeCollectionId(std::uint64_t id) {
  std::string payload;
  ByteWriter(payload).Fixed(id);
  return SealRecord(RecordKind::kCollectionId, {}, payload);
}

Result<std::uint64_t> DecodeCollectionId(std::string_view bytes) {
  LARDER_ASSIGN_OR_RETURN(const OpenedRecord opened, OpenRecord(RecordKind::kCollectionId, bytes));
  ByteReader reader(opened.payload);
  const auto id = reader.Fixed<std::uint64_t>();
  if (!reader.ok() || reader.remaining() != 0) return Corrupt();
  return id;
}

CollectionKeyKind KindOfKey(std::string_view key) {
  const char tag = key.empty() ? '\0' : key.front();
  if (tag == kCollectionTag) return CollectionKeyKind::kCollection;
  if (tag == kDroppedTag) return CollectionKeyKind::kDropped;
  return tag == kNextIdTag ? CollectionKeyKind::kNextId : CollectionKeyKind::kUnknown;
}

}  // namespace larder
