// The Store of a server whose database cannot be used: every call fails with kIo, so that requests
// are served from upstream and the memory tiers, and every answer says that nothing was kept.
// Thread-safe.
#pragma once

#include "cache/store.h"

namespace larder {

class UnavailableStore final : public Store {
 public:
  // `reason` is the message of every error.
  explicit UnavailableStore(std::string reason) : reason_(std::move(reason)) {}

  Result<std::vector<std::optional<std::string>>> MultiGet(
      Family /*family*/, std::span<const std::string_view> /*keys*/) const override {
    return Unavailable();
  }
  Status Apply(const WriteBatch& /*batch*/) override { return Unavailable(); }
  Status Clear(Family /*family*/) override { return Unavailable(); }
  Status ForEach(
      Family /*family*/, std::string_view /*start*/,
      const std::function<bool(std::string_view, std::string_view)>& /*visit*/) const override {
    return Unavailable();
  }
  Size SizeOf(Family /*family*/) const override { return {}; }
  Status Flush() override { return {}; }

 private:
  Error Unavailable() const { return StoreError(ErrorCode::kIo, reason_); }

  const std::string reason_;
};

}  // namespace larder
