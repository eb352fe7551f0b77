// Any stored bytes: refused, or a collection or point that encodes to the same bytes again.

#include <cstdlib>

#include "cache/record.h"
#include "proxy/search/collection_record.h"
#include "proxy/search/point_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)larder::DecodePoint(bytes).ok();
  // Behind a right envelope, so that the payloads are reached.
  const larder::WallTime now = larder::FromUnixMillis(1);
  const larder::RecordStamp stamp{now, {}};
  const auto point = SealRecord(larder::RecordKind::kPoint, stamp, bytes);
  if (const auto decoded = larder::DecodePoint(point); decoded.ok()) {
    if (EncodePoint(*decoded, decoded->sequence, now) != point) std::abort();
  }
  const auto values = SealRecord(larder::RecordKind::kPointValues, stamp, bytes);
  const std::size_t dimensions = size < 8 ? 0 : (size - 8) / 4;
  if (const auto decoded = larder::DecodePointValues(values, dimensions); decoded.ok()) {
    if (larder::EncodePointValues(decoded->values, decoded->sequence, now) != values) std::abort();
  }
  const auto collection = SealRecord(larder::RecordKind::kCollection, stamp, bytes);
  // Under the key that it says is its own.
  larder::CollectionRecord record;
  const auto key = larder::CollectionKey(record.scope, "a");
  if (const auto decoded = larder::DecodeCollection(key, collection); decoded.ok()) {
    if (EncodeCollection(*decoded) != collection) std::abort();
  }
  return 0;
}
