#include "cache/sealed_store.h"

namespace larder {
namespace {

// Writers wait for so many to be sealed.
constexpr std::size_t kSealedAtOnce = 256;
constexpr std::size_t kSealedBytesAtOnce = 1U << 20;
constexpr std::size_t kLookedAtAtOnce = 8192;

}  // namespace

std::string SealedStore::Opened(Family family, std::string_view key,
                                std::string_view stored) const {
  if (sealer_.KindOf(stored) == ValueSealer::Kind::kPlain) {
    return refuses_plain_.load(std::memory_order_relaxed) ? std::string() : std::string(stored);
  }
  return sealer_.Open(family, key, stored).value_or(std::string());
}

void SealedStore::OpenAll(Family family, std::span<const std::string_view> keys,
                          std::vector<std::optional<std::string>>& values) const {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (values[i]) values[i] = Opened(family, keys[i], *values[i]);
  }
}

Result<std::vector<std::optional<std::string>>> SealedStore::MultiGet(
    Family family, std::span<const std::string_view> keys) const {
  LARDER_ASSIGN_OR_RETURN(auto values, inner_->MultiGet(family, keys));
  OpenAll(family, keys, values);
  return values;
}

std::optional<std::vector<std::optional<std::string>>> SealedStore::TryMultiGet(
    Family family, std::span<const std::string_view> keys) const {
  auto values = inner_->TryMultiGet(family, keys);
  if (values) OpenAll(family, keys, *values);
  return values;
}

void SealedStore::AppendSealed(const WriteBatch& batch, WriteBatch& sealed) const {
  for (const auto& [family, key, value] : batch.operations()) {
    value ? sealed.Put(family, key, sealer_.Seal(family, key, *value)) : sealed.Delete(family, key);
  }
}

Status SealedStore::Apply(const WriteBatch& batch) {
  const WriteBatch* const one = &batch;
  return ApplyTogether({&one, 1});
}

Status SealedStore::ApplyTogether(std::span<const WriteBatch* const> batches) {
  WriteBatch sealed;
  for (const WriteBatch* batch : batches) AppendSealed(*batch, sealed);
  MutexLock writing(writing_);
  return inner_->ApplyOwned(std::move(sealed));
}

Status SealedStore::Clear(Family family) {
  MutexLock writing(writing_);
  return inner_->Clear(family);
}

Status SealedStore::ForEach(
    Family family, std::string_view start,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  return inner_->ForEach(family, start, [&](std::string_view key, std::string_view stored) {
    return visit(key, Opened(family, key, stored));
  });
}

Result<std::vector<std::string>> SealedStore::Unsealed(Family family, Progress& progress) const {
  std::vector<std::string> keys;
  std::size_t bytes = 0;
  std::size_t looked_at = 0;
  progress.done = true;
  LARDER_RETURN_IF_ERROR(
      inner_->ForEach(family, progress.next, [&](std::string_view key, std::string_view stored) {
        if (looked_at >= kLookedAtAtOnce || keys.size() >= kSealedAtOnce ||
            bytes >= kSealedBytesAtOnce) {
          progress.next.assign(key);
          progress.done = false;
          return false;
        }
        ++looked_at;
        if (sealer_.KindOf(stored) != ValueSealer::Kind::kCurrent) {
          keys.emplace_back(key);
          bytes += stored.size();
        }
        return true;
      }));
  progress.looked_at += looked_at;
  return keys;
}

Status SealedStore::SealSome(Family family, Progress& progress) {
  LARDER_ASSIGN_OR_RETURN(const auto keys, Unsealed(family, progress));
  if (keys.empty()) return {};
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  MutexLock writing(writing_);
  LARDER_ASSIGN_OR_RETURN(const auto stored, inner_->MultiGet(family, views));
  WriteBatch batch;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!stored[i]) continue;  // deleted by now
    switch (sealer_.KindOf(*stored[i])) {
      case ValueSealer::Kind::kCurrent:
        continue;
      case ValueSealer::Kind::kPlain:
        batch.Put(family, keys[i], sealer_.Seal(family, keys[i], *stored[i]));
        break;
      case ValueSealer::Kind::kPrevious:
        // One that does not open is damaged, and stays so.
        if (const auto value = sealer_.Open(family, keys[i], *stored[i])) {
          batch.Put(family, keys[i], sealer_.Seal(family, keys[i], *value));
        }
        break;
    }
  }
  progress.sealed += batch.operations().size();
  return batch.empty() ? Status() : inner_->ApplyOwned(std::move(batch));
}

}  // namespace larder
