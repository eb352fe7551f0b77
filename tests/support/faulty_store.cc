#include "tests/support/faulty_store.h"

namespace larder {
namespace {

Error Refused() {
  return StoreError(ErrorCode::kIo, "FaultyStore was told to fail");
}

}  // namespace

Result<std::vector<std::optional<std::string>>> FaultyStore::MultiGet(
    Family family, std::span<const std::string_view> keys) const {
  ++reads_;
  if (fail_reads_) return Refused();
  auto values = inner_->MultiGet(family, keys);
  if (on_read_) on_read_();
  return values;
}

Status FaultyStore::Apply(const WriteBatch& batch) {
  ++writes_;
  if (const auto hook = on_write_) hook();  // a copy: it may replace itself
  if (fail_writes_) return Refused();
  const Status applied = inner_->Apply(batch);
  return fail_behind_writes_ ? Refused() : applied;
}

Status FaultyStore::Clear(Family family) {
  if (fail_writes_) return Refused();
  return inner_->Clear(family);
}

Status FaultyStore::ForEach(
    Family family, std::string_view start,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  if (fail_reads_) return Refused();
  return inner_->ForEach(family, start, visit);
}

Status FaultyStore::Flush() {
  if (fail_writes_) return Refused();
  return inner_->Flush();
}

Status FaultyStore::Sync() {
  ++syncs_;
  if (fail_syncs_) return Refused();
  return inner_->Sync();
}

}  // namespace larder
