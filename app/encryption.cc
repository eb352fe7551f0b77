#include "app/encryption.h"

#include <filesystem>

namespace larder {
namespace {

namespace fs = std::filesystem;

// Then other tasks get their turn.
constexpr std::chrono::seconds kAtOnce{5};
constexpr std::chrono::milliseconds kPause{2};

bool HasData(const std::string& data_dir) {
  std::error_code failed;
  return fs::exists(data_dir + "/cache", failed) || fs::exists(data_dir + "/data", failed);
}

}  // namespace

Result<std::unique_ptr<Encryption>> Encryption::Open(const EncryptionOptions& options,
                                                     const std::string& data_dir) {
  std::optional<SecretKeys> keys;
  if (options.key) keys = SecretKeys{*options.key, options.previous_key};
  std::error_code failed;
  const bool is_new = keys && !fs::exists(data_dir + "/encryption", failed);
  if (is_new) fs::remove_all(data_dir + "/index", failed);
  LARDER_ASSIGN_OR_RETURN(
      EncryptionMark mark,
      EncryptionMark::Open(data_dir, keys ? &*keys : nullptr, HasData(data_dir)));
  std::unique_ptr<Encryption> opened(new Encryption(std::move(mark)));
  if (keys) opened->index_keys_ = keys->Derive("larder indexes");
  opened->keys_ = std::move(keys);
  return opened;
}

std::unique_ptr<Store> Encryption::Over(std::unique_ptr<Store> disk, Database database) {
  if (!keys_) return disk;
  auto sealed = std::make_unique<SealedStore>(std::move(disk), *keys_);
  if (!must_seal()) sealed->RefusePlain();
  for (const Family family : FamiliesOf(database)) parts_.push_back({*sealed, family});
  return sealed;
}

Result<bool> Encryption::SealSome(const Maintenance::Run& run) {
  const auto until = std::chrono::steady_clock::now() + kAtOnce;
  for (Part& part : parts_) {
    while (!part.progress.done) {
      LARDER_RETURN_IF_ERROR(part.store.SealSome(part.family, part.progress));
      if (!run.pause(kPause)) {
        return StoreError(ErrorCode::kCancelled, "ended early: the server is stopping");
      }
      if (std::chrono::steady_clock::now() >= until) return false;
    }
  }
  return true;
}

std::string Encryption::SealedSoFar() const {
  std::uint64_t sealed = 0;
  std::uint64_t looked_at = 0;
  for (const Part& part : parts_) {
    sealed += part.progress.sealed;
    looked_at += part.progress.looked_at;
  }
  return "sealed " + std::to_string(sealed) + " of the " + std::to_string(looked_at) +
         " values seen so far";
}

Status Encryption::FinishSealing() {
  LARDER_RETURN_IF_ERROR(mark_.SetEverythingSealed());
  for (Part& part : parts_) {
    part.store.RefusePlain();
    part.progress = {};
  }
  return {};
}

}  // namespace larder
