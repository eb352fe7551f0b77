#include "proxy/search/point_record.h"

#include "base/bytes.h"
#include "cache/record.h"

namespace larder {
namespace {

Error Corrupt() {
  return StoreError(ErrorCode::kCorruption, "stored point: payload is not whole");
}

}  // namespace

std::string PointKeyPrefix(std::uint64_t collection) {
  std::string prefix;
  for (int shift = 56; shift >= 0; shift -= 8) {
    prefix.push_back(static_cast<char>(collection >> shift & 0xff));
  }
  return prefix;
}

std::string PointKey(std::uint64_t collection, std::string_view id) {
  return PointKeyPrefix(collection).append(id);
}

std::string EncodePoint(const NewPoint& point, std::uint64_t sequence, WallTime stored_at) {
  std::string payload;
  ByteWriter writer(payload);
  writer.Fixed(sequence);
  writer.Fixed(std::uint8_t{0});
  writer.Prefixed(point.name_space);
  writer.Prefixed(point.text);
  writer.Prefixed(point.metadata);
  return SealRecord(RecordKind::kPoint, {stored_at, {}}, payload);
}

Result<StoredPoint> DecodePoint(std::string_view bytes) {
  LARDER_ASSIGN_OR_RETURN(const OpenedRecord opened, OpenRecord(RecordKind::kPoint, bytes));
  ByteReader reader(opened.payload);
  StoredPoint point;
  point.sequence = reader.Fixed<std::uint64_t>();
  const auto flags = reader.Fixed<std::uint8_t>();
  point.name_space = reader.Prefixed();
  point.text = reader.Prefixed();
  point.metadata = reader.Prefixed();
  if (!reader.ok() || reader.remaining() != 0 || flags != 0) return Corrupt();
  return point;
}

std::string EncodePointValues(std::span<const float> values, std::uint64_t sequence,
                              WallTime stored_at) {
  std::string payload;
  payload.reserve(sizeof(sequence) + values.size_bytes());
  ByteWriter writer(payload);
  writer.Fixed(sequence);
  writer.Raw({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  return SealRecord(RecordKind::kPointValues, {stored_at, {}}, payload);
}

Result<PointValues> DecodePointValues(std::string_view bytes, std::size_t dimensions) {
  LARDER_ASSIGN_OR_RETURN(const OpenedRecord opened, OpenRecord(RecordKind::kPointValues, bytes));
  ByteReader reader(opened.payload);
  PointValues decoded;
  decoded.sequence = reader.Fixed<std::uint64_t>();
  if (!reader.ok() || reader.remaining() != dimensions * sizeof(float)) return Corrupt();
  decoded.values.resize(dimensions);
  const std::string_view values = reader.Raw(reader.remaining());
  if (!values.empty()) std::memcpy(decoded.values.data(), values.data(), values.size());
  return decoded;
}

}  // namespace larder
