#include "cache/memory_store.h"

namespace larder {
namespace {

std::size_t IndexOf(Family family) {
  return static_cast<std::size_t>(family);
}

}  // namespace

Result<std::vector<std::optional<std::string>>> MemoryStore::MultiGet(
    Family family, std::span<const std::string_view> keys) const {
  MutexLock lock(mutex_);
  const Table& table = tables_[IndexOf(family)];
  std::vector<std::optional<std::string>> values;
  values.reserve(keys.size());
  for (const std::string_view key : keys) {
    const auto found = table.find(key);
    values.push_back(found == table.end() ? std::nullopt : std::optional(found->second));
  }
  return values;
}

std::optional<std::vector<std::optional<std::string>>> MemoryStore::TryMultiGet(
    Family family, std::span<const std::string_view> keys) const {
  return MultiGet(family, keys).value();
}

Status MemoryStore::Apply(const WriteBatch& batch) {
  MutexLock lock(mutex_);
  for (const auto& operation : batch.operations()) {
    Table& table = tables_[IndexOf(operation.family)];
    if (operation.value) {
      table.insert_or_assign(operation.key, *operation.value);
    } else {
      table.erase(operation.key);
    }
  }
  return {};
}

Status MemoryStore::Clear(Family family) {
  Table cleared;  // destroyed after the lock is released
  MutexLock lock(mutex_);
  cleared.swap(tables_[IndexOf(family)]);
  return {};
}

Status MemoryStore::ForEach(
    Family family, std::string_view start,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  Table copy;
  {
    MutexLock lock(mutex_);
    copy = tables_[IndexOf(family)];
  }
  for (auto it = copy.lower_bound(start); it != copy.end(); ++it) {
    if (!visit(it->first, it->second)) break;
  }
  return {};
}

Store::Size MemoryStore::SizeOf(Family family) const {
  MutexLock lock(mutex_);
  Size size;
  for (const auto& [key, value] : tables_[IndexOf(family)]) {
    ++size.entries;
    size.bytes += key.size() + value.size();
  }
  return size;
}

}  // namespace larder
