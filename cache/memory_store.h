// A Store in memory, with the families of both databases: for tests, and for running without a data
// directory. Thread-safe.
#pragma once

#include <map>

#include "base/mutex.h"
#include "cache/store.h"

namespace larder {

class MemoryStore final : public Store {
 public:
  Result<std::vector<std::optional<std::string>>> MultiGet(
      Family family, std::span<const std::string_view> keys) const override;
  std::optional<std::vector<std::optional<std::string>>> TryMultiGet(
      Family family, std::span<const std::string_view> keys) const override;
  Status Apply(const WriteBatch& batch) override;
  Status Clear(Family family) override;
  // Cost: copies the family first, so that `visit` may call the store.
  Status ForEach(
      Family family, std::string_view start,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override;
  Size SizeOf(Family family) const override;
  Status Flush() override { return {}; }

 private:
  using Table = std::map<std::string, std::string, std::less<>>;

  mutable Mutex mutex_;
  std::array<Table, kFamilyCount> tables_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder
