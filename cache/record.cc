#include "cache/record.h"

#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "base/checksum.h"

namespace larder {
namespace {

constexpr std::size_t kChecksumOffset = kRecordStampBytes;

std::uint64_t ChecksumOfRecord(std::string_view head, std::string_view payload) {
  return ChecksumOf(payload, ChecksumOf(head));
}

}  // namespace

std::string SealRecord(RecordKind kind, const RecordStamp& stamp, std::string_view payload) {
  std::string bytes;
  bytes.reserve(kRecordHeaderBytes + payload.size());
  ByteWriter writer(bytes);
  writer.Fixed(kRecordVersion);
  writer.Fixed(static_cast<std::uint8_t>(kind));
  writer.Fixed(std::uint16_t{0});
  // Clamped: a lifetime that wraps would be another one.
  writer.Fixed(static_cast<std::uint32_t>(std::clamp<std::int64_t>(
      stamp.lifetime.count(), 0, std::numeric_limits<std::uint32_t>::max())));
  writer.Fixed(ToUnixMillis(stamp.stored_at));
  writer.Fixed(ChecksumOfRecord(bytes, payload));
  writer.Raw(payload);
  return bytes;
}

Result<OpenedRecord> OpenRecord(RecordKind kind, std::string_view bytes) {
  const auto corrupt = [](const char* what) {
    return StoreError(ErrorCode::kCorruption, std::string("stored record: ") + what);
  };
  if (bytes.size() < kRecordHeaderBytes) return corrupt("too short");
  ByteReader reader(bytes);
  if (reader.Fixed<std::uint8_t>() != kRecordVersion) return corrupt("unknown version");
  if (reader.Fixed<std::uint8_t>() != static_cast<std::uint8_t>(kind)) return corrupt("other kind");
  reader.Fixed<std::uint16_t>();
  OpenedRecord record;
  record.stamp.lifetime = std::chrono::seconds(reader.Fixed<std::uint32_t>());
  record.stamp.stored_at = FromUnixMillis(reader.Fixed<std::int64_t>());
  const auto checksum = reader.Fixed<std::uint64_t>();
  record.payload = bytes.substr(kRecordHeaderBytes);
  if (checksum != ChecksumOfRecord(bytes.substr(0, kChecksumOffset), record.payload)) {
    return corrupt("checksum differs");
  }
  return record;
}

std::optional<RecordStamp> PeekStamp(std::string_view bytes) {
  if (bytes.size() < kRecordHeaderBytes) return std::nullopt;
  ByteReader reader(bytes);
  const auto version = reader.Fixed<std::uint8_t>();
  if ((version & ~kSealedBit) != kRecordVersion) return std::nullopt;
  const auto kind = reader.Fixed<std::uint8_t>();
  if (kind < static_cast<std::uint8_t>(RecordKind::kEmbedding) ||
      kind > static_cast<std::uint8_t>(RecordKind::kResponseId)) {
    return std::nullopt;
  }
  if (reader.Fixed<std::uint16_t>() != 0 && version == kRecordVersion) return std::nullopt;
  RecordStamp stamp;
  stamp.lifetime = std::chrono::seconds(reader.Fixed<std::uint32_t>());
  stamp.stored_at = FromUnixMillis(reader.Fixed<std::int64_t>());
  return stamp;
}

}  // namespace larder
