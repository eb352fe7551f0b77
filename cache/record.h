// The envelope of every stored value: version, kind, lifetime, stored-at, checksum, then the
// payload. docs/on_disk_format.md gives the grammar. A value that does not open is treated as
// absent. Thread-safety: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace larder {

inline constexpr std::uint8_t kRecordVersion = 1;
inline constexpr std::size_t kRecordHeaderBytes = 24;
// What comes before the checksum. It stays readable when a record is sealed (cache/sealed_store.h),
// with this bit set in its version and the key's id in place of the zeros.
inline constexpr std::size_t kRecordStampBytes = 16;
inline constexpr std::uint8_t kSealedBit = 0x80;

enum class RecordKind : std::uint8_t {
  kEmbedding = 1,
  kInput = 2,
  kResponse = 3,
  kRollup = 4,
  kResponseId = 5,
  // Of the data, without lifetime.
  kCollection = 6,
  kPoint = 7,
  kPointValues = 8,
  kCollectionId = 9,
  kClientKey = 10,
  kCounters = 11,
  kKeyUse = 12,
  kSession = 13,
};

struct RecordStamp {
  WallTime stored_at;
  // Freshness lifetime given when it was stored; [0, 2^32 - 1], clamped to that when sealed.
  std::chrono::seconds lifetime{0};
};

struct OpenedRecord {
  RecordStamp stamp;
  std::string_view payload;  // a view into the bytes that were opened
};

// The bytes to store.
std::string SealRecord(RecordKind kind, const RecordStamp& stamp, std::string_view payload);

// Checks version, kind and checksum (XXH3-64 over header and payload).
// Errors: kCorruption (torn, altered, another kind, or a version this build does not know).
Result<OpenedRecord> OpenRecord(RecordKind kind, std::string_view bytes);

// Reads the stamp of a cached record, sealed or not, without checking the payload; nullopt when the
// header is not one, or of a kind that has no lifetime.
std::optional<RecordStamp> PeekStamp(std::string_view bytes);

}  // namespace larder
