#include "vector/sealed_pieces.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/random.h"

namespace larder {
namespace {

constexpr std::string_view kMagic = "LARDERSS";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kFileIdBytes = 16;
constexpr std::size_t kSealedPieceBytes = kPieceBytes + SecretBox::kOverhead;

std::string HeadOf(const SecretKey& key) {
  std::string head(kMagic);
  ByteWriter writer(head);
  writer.Fixed(kVersion);
  writer.Fixed(key.Id());
  writer.Fixed(std::uint16_t{0});
  writer.Raw(RandomBytes(kFileIdBytes));
  return head;
}

std::string PlaceOf(std::string_view head, std::uint64_t number, bool last) {
  std::string place(head);
  ByteWriter writer(place);
  writer.Fixed(number);
  writer.Fixed(std::uint8_t{last});
  return place;
}

}  // namespace

PieceSealer::PieceSealer(const SecretKeys& keys)
    : box_(keys.current.bytes()), head_(HeadOf(keys.current)) {}

void PieceSealer::Write(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    // Only now is it known that this one is not the last.
    if (piece_.size() == kPieceBytes) SealPiece(false, sink);
    const std::size_t count = std::min(bytes.size(), kPieceBytes - piece_.size());
    piece_.append(bytes.substr(0, count));
    bytes.remove_prefix(count);
  }
}

void PieceSealer::Finish(const Sink& sink) {
  SealPiece(true, sink);
}

void PieceSealer::SealPiece(bool last, const Sink& sink) {
  sink(box_.Seal(piece_, PlaceOf(head_, number_++, last)));
  piece_.clear();
}

bool PieceOpener::IsHead(std::string_view head) {
  return head.size() == kSealedHeadBytes && head.starts_with(kMagic);
}

std::optional<PieceOpener> PieceOpener::Open(std::string_view head, std::uint64_t size,
                                             const SecretKeys& keys) {
  if (!IsHead(head) || size < kSealedHeadBytes + SecretBox::kOverhead) return std::nullopt;
  ByteReader reader(head.substr(kMagic.size()));
  if (reader.Fixed<std::uint32_t>() != kVersion) return std::nullopt;
  const auto id = reader.Fixed<std::uint16_t>();
  const std::uint64_t sealed_bytes = size - kSealedHeadBytes;
  if (id == keys.current.Id()) return PieceOpener(keys.current, head, sealed_bytes);
  if (keys.previous && id == keys.previous->Id()) {
    return PieceOpener(*keys.previous, head, sealed_bytes);
  }
  return std::nullopt;
}

PieceOpener::PieceOpener(const SecretKey& key, std::string_view head, std::uint64_t sealed_bytes)
    : box_(key.bytes()), head_(head), sealed_left_(sealed_bytes) {
  const std::uint64_t pieces = (sealed_bytes + kSealedPieceBytes - 1) / kSealedPieceBytes;
  plain_bytes_ = sealed_bytes - std::min(sealed_bytes, pieces * SecretBox::kOverhead);
}

bool PieceOpener::NextPiece(const Source& source) {
  const std::uint64_t size = std::min<std::uint64_t>(sealed_left_, kSealedPieceBytes);
  std::string sealed(size, '\0');
  if (size == 0 || !source(sealed.data(), sealed.size())) return false;
  sealed_left_ -= size;
  auto opened = box_.Open(sealed, PlaceOf(head_, number_++, sealed_left_ == 0));
  if (!opened) return false;
  piece_ = *std::move(opened);
  at_ = 0;
  return true;
}

bool PieceOpener::Read(char* bytes, std::size_t count, const Source& source) {
  while (count > 0) {
    if (at_ == piece_.size() && !NextPiece(source)) return false;
    const std::size_t some = std::min(count, piece_.size() - at_);
    std::memcpy(bytes, piece_.data() + at_, some);
    at_ += some;
    bytes += some;
    count -= some;
    if (some == 0 && piece_.empty()) return false;
  }
  return true;
}

}  // namespace larder
