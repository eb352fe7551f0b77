// SealedStore: a Store whose values are encrypted in the one below it. Keys are not: those of the
// cache are hashes, those of the data hold names.
//
// A value that does not open (altered, moved to another key, of a lost key) is given as an empty
// one, which is no record, and so counts as corrupt like any other that was damaged. Values that
// were stored before encryption was turned on are given as they are until RefusePlain: whoever can
// write to the medium could else put a value of his own in the place of a sealed one. Thread-safe.
#pragma once

#include <atomic>
#include <memory>

#include "base/mutex.h"
#include "cache/sealed_value.h"
#include "cache/store.h"

namespace larder {

class SealedStore final : public Store {
 public:
  SealedStore(std::unique_ptr<Store> inner, const SecretKeys& keys)
      : inner_(std::move(inner)), sealer_(keys) {}

  // From now on what is not sealed does not open.
  void RefusePlain() { refuses_plain_ = true; }

  Result<std::vector<std::optional<std::string>>> MultiGet(
      Family family, std::span<const std::string_view> keys) const override;
  std::optional<std::vector<std::optional<std::string>>> TryMultiGet(
      Family family, std::span<const std::string_view> keys) const override;
  Status Apply(const WriteBatch& batch) override;
  Status ApplyTogether(std::span<const WriteBatch* const> batches) override;
  Status Clear(Family family) override;
  Status ForEach(Family family, std::string_view start,
                 const std::function<bool(std::string_view key, std::string_view value)>& visit)
      const override;
  Size SizeOf(Family family) const override { return inner_->SizeOf(family); }
  double Density(Family family) const override { return inner_->Density(family); }
  Status Compact(Family family, std::string_view begin, std::string_view end,
                 Rewrite what) override {
    return inner_->Compact(family, begin, end, what);
  }
  Status Flush() override { return inner_->Flush(); }
  Status Sync() override { return inner_->Sync(); }
  Status RemoveObsolete() override { return inner_->RemoveObsolete(); }

  // How far SealSome has come in a family.
  struct Progress {
    std::string next;   // the key to go on from
    bool done = false;  // of the family
    std::uint64_t looked_at = 0;
    std::uint64_t sealed = 0;  // anew
  };
  // Seals what is plain, or sealed with the previous key, among the next few hundred values: a
  // value that is written meanwhile stays as it is written. Old bytes stay on the medium until they
  // are compacted. Errors: as Apply and ForEach.
  Status SealSome(Family family, Progress& progress);

 private:
  std::string Opened(Family family, std::string_view key, std::string_view stored) const;
  void OpenAll(Family family, std::span<const std::string_view> keys,
               std::vector<std::optional<std::string>>& values) const;
  void AppendSealed(const WriteBatch& batch, WriteBatch& sealed) const;
  // The keys of the next few hundred values that are to be sealed.
  Result<std::vector<std::string>> Unsealed(Family family, Progress& progress) const;

  const std::unique_ptr<Store> inner_;
  const ValueSealer sealer_;
  std::atomic<bool> refuses_plain_{false};
  // Held over every write, so that SealSome writes no older value over a newer one.
  Mutex writing_;
};

}  // namespace larder
