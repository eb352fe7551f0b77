#include "cache/encryption_mark.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/bytes.h"
#include "base/secret_box.h"
#include "base/whole_file.h"

namespace larder {
namespace {

constexpr std::string_view kFile = "/encryption";
constexpr std::string_view kMagic = "LARDEREN";
constexpr std::uint32_t kVersion = 1;
constexpr std::string_view kMessage = "larder";
constexpr std::size_t kHeadBytes = kMagic.size() + sizeof(kVersion) + 2;
constexpr std::size_t kCheckBytes = kMessage.size() + SecretBox::kOverhead;

SecretBox BoxOf(const SecretKey& key) {
  return SecretBox(key.Derive("larder encryption mark").bytes());
}

std::string HeadOf(bool everything_sealed, std::uint8_t checks) {
  std::string head(kMagic);
  ByteWriter writer(head);
  writer.Fixed(kVersion);
  writer.Fixed(std::uint8_t{everything_sealed});
  writer.Fixed(checks);
  return head;
}

Error Refused(std::string message) {
  return Error{ErrorCode::kInvalidArgument, ErrorOrigin::kStore, std::move(message)};
}

}  // namespace

Result<EncryptionMark> EncryptionMark::Open(const std::string& directory, const SecretKeys* keys,
                                            bool has_data) {
  EncryptionMark mark(directory + std::string(kFile), keys);
  std::error_code failed;
  const bool exists = std::filesystem::exists(mark.path_, failed);
  if (keys == nullptr) {
    if (!exists) return mark;
    return Refused("the data directory " + directory +
                   " is encrypted: name its key with encryption.key_env or encryption.key_file; "
                   "to do without, begin another directory with --data-dir DIR");
  }
  if (!exists) {
    mark.everything_sealed_ = !has_data;
    LARDER_RETURN_IF_ERROR(mark.Write());
    return mark;
  }
  std::ifstream file(mark.path_, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) {
    return StoreError(ErrorCode::kIo, "cannot read " + mark.path_ + ": " + std::strerror(errno));
  }
  LARDER_RETURN_IF_ERROR(mark.Read(bytes));
  return mark;
}

Status EncryptionMark::Read(const std::string& bytes) {
  const auto damaged = [&] {
    return StoreError(ErrorCode::kCorruption,
                      "the file " + path_ +
                          " is damaged: restore it from a backup; or remove it, if the key is the "
                          "right one for certain, and it is made anew");
  };
  const std::size_t checks = (bytes.size() - std::min(bytes.size(), kHeadBytes)) / kCheckBytes;
  if (bytes.size() != kHeadBytes + checks * kCheckBytes || checks < 1 || checks > 2 ||
      !bytes.starts_with(kMagic)) {
    return damaged();
  }
  const std::string_view head = std::string_view(bytes).substr(0, kHeadBytes);
  everything_sealed_ = bytes[kHeadBytes - 2] != 0;
  if (head != HeadOf(everything_sealed_, static_cast<std::uint8_t>(checks))) return damaged();
  bool takes_new_key = false;
  for (std::size_t i = 0; i < checks; ++i) {
    const auto check = std::string_view(bytes).substr(kHeadBytes + i * kCheckBytes, kCheckBytes);
    if (BoxOf(keys_->current).Open(check, head)) continue;
    if (keys_->previous && BoxOf(*keys_->previous).Open(check, head)) {
      needs_previous_ = true;
      takes_new_key = takes_new_key || i == 0;
      continue;
    }
    if (i == 0) {
      return Refused(path_.substr(0, path_.size() - kFile.size()) +
                     " is encrypted with another key than the one that the setting encryption." +
                     "key_env or encryption.key_file leads to: give that key; to change it, name "
                     "it with encryption.previous_key_env or encryption.previous_key_file");
    }
    return Refused(
        "not everything is sealed with the new key yet: go on naming the former one "
        "with encryption.previous_key_env or encryption.previous_key_file until the "
        "maintenance task seal has ended");
  }
  if (!takes_new_key) return {};
  everything_sealed_ = false;
  return Write();
}

Status EncryptionMark::SetEverythingSealed() {
  if (everything_sealed_) return {};
  everything_sealed_ = true;
  needs_previous_ = false;
  return Write();
}

Status EncryptionMark::Write() const {
  std::string bytes = HeadOf(everything_sealed_, needs_previous_ ? 2 : 1);
  const std::string head = bytes;
  bytes += BoxOf(keys_->current).Seal(kMessage, head);
  if (needs_previous_) bytes += BoxOf(*keys_->previous).Seal(kMessage, head);
  if (WriteWholeFile(path_, bytes)) return {};
  return StoreError(ErrorCode::kIo, "cannot write " + path_ + ": " + std::strerror(errno));
}

}  // namespace larder
