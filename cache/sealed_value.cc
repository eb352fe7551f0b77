#include "cache/sealed_value.h"

#include <cstring>

#include "base/bytes.h"
#include "cache/record.h"

namespace larder {
namespace {

constexpr std::size_t kIdOffset = 2;
// Of what is no record: the bit alone.
constexpr std::uint8_t kNoRecord = kSealedBit;
constexpr std::uint8_t kSealedRecord = kSealedBit | kRecordVersion;

std::uint8_t VersionOf(std::string_view stored) {
  return static_cast<std::uint8_t>(stored[0]);
}

std::string_view HeadOf(std::string_view stored) {
  return stored.substr(0, kRecordStampBytes);
}

}  // namespace

ValueSealer::ValueSealer(const SecretKeys& keys) : current_(keys.current) {
  if (keys.previous) previous_.emplace(*keys.previous);
}

std::string ValueSealer::Seal(Family family, std::string_view key, std::string_view value) const {
  const bool is_record = value.size() >= kRecordHeaderBytes && VersionOf(value) == kRecordVersion &&
                         value[kIdOffset] == 0 && value[kIdOffset + 1] == 0;
  std::string stored;
  stored.reserve(kRecordStampBytes + MessageSealer::kOverhead + value.size());
  if (is_record) {
    stored.append(HeadOf(value));
    value.remove_prefix(kRecordStampBytes);
  } else {
    stored.append(kRecordStampBytes, '\0');
  }
  stored[0] = static_cast<char>(is_record ? kSealedRecord : kNoRecord);
  std::memcpy(stored.data() + kIdOffset, &current_.id, sizeof(current_.id));
  char head[kRecordStampBytes];
  stored.copy(head, kRecordStampBytes);
  current_.sealer.Seal(
      value, {{head, kRecordStampBytes}, FamilyName(family), std::string_view("\0", 1), key},
      stored);
  return stored;
}

ValueSealer::Kind ValueSealer::KindOf(std::string_view stored) const {
  if (stored.size() < kRecordStampBytes + MessageSealer::kOverhead) return Kind::kPlain;
  const std::uint8_t version = VersionOf(stored);
  if (version != kSealedRecord && version != kNoRecord) return Kind::kPlain;
  std::uint16_t id = 0;
  std::memcpy(&id, stored.data() + kIdOffset, sizeof(id));
  if (id == current_.id) return Kind::kCurrent;
  return previous_ && id == previous_->id ? Kind::kPrevious : Kind::kPlain;
}

std::optional<std::string> ValueSealer::Open(Family family, std::string_view key,
                                             std::string_view stored) const {
  const Kind kind = KindOf(stored);
  if (kind == Kind::kPlain) return std::nullopt;
  const std::string_view head = HeadOf(stored);
  std::string value;
  value.reserve(stored.size() - MessageSealer::kOverhead);
  if (VersionOf(stored) == kSealedRecord) {
    value.append(head);
    value[0] = static_cast<char>(kRecordVersion);
    value[kIdOffset] = value[kIdOffset + 1] = '\0';
  }
  const MessageSealer& sealer = kind == Kind::kCurrent ? current_.sealer : previous_->sealer;
  if (!sealer.Open(stored.substr(kRecordStampBytes),
                   {head, FamilyName(family), std::string_view("\0", 1), key}, value)) {
    return std::nullopt;
  }
  return value;
}

}  // namespace larder
