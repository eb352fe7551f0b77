// Any stored bytes: refused, or a record that encodes to the same bytes again.

#include <cstdlib>

#include "cache/embedding_record.h"
#include "cache/response_cache.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)larder::PeekStamp(bytes);
  (void)larder::DecodeEmbedding(bytes).ok();
  // Behind a right envelope, so that the payloads are reached.
  const larder::RecordStamp stamp{larder::FromUnixMillis(1), std::chrono::seconds(1)};
  const auto embedding = SealRecord(larder::RecordKind::kEmbedding, stamp, bytes);
  if (const auto entry = larder::DecodeEmbedding(embedding); entry.ok()) {
    if (EncodeEmbedding(*entry) != embedding) std::abort();
  }
  const auto input = SealRecord(larder::RecordKind::kInput, stamp, bytes);
  if (const auto record = larder::DecodeInput(input); record.ok()) {
    if (EncodeInput(record->record, record->stamp) != input) std::abort();
  }
  (void)larder::DecodeResponse(SealRecord(larder::RecordKind::kResponse, stamp, bytes)).ok();
  return 0;
}
