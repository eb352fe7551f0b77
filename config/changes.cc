#include "config/changes.h"

#include "config/settings.h"

namespace larder {
namespace {

bool Differs(const TableSetting& table, const Config& a, const Config& b) {
  const std::size_t size = table.size(a);
  if (size != table.size(b)) return true;
  for (std::size_t i = 0; i < size; ++i) {
    for (const Setting& row : table.rows) {
      if (row.read(a, i) != row.read(b, i)) return true;
    }
  }
  return false;
}

}  // namespace

ConfigChanges CompareConfigs(const Config& running, const Config& read) {
  ConfigChanges changes;
  const auto add = [&](bool live, std::string_view key) {
    (live ? changes.now : changes.at_next_start).emplace_back(key);
  };
  for (const Setting& setting : Settings()) {
    if (setting.read(running) != setting.read(read)) add(setting.live, setting.key);
  }
  for (const TableSetting& table : TableSettings()) {
    if (Differs(table, running, read)) add(table.live, table.key);
  }
  return changes;
}

void TakeLiveSettings(Config& running, const Config& read) {
  for (const Setting& setting : Settings()) {
    if (setting.live) setting.write(running, setting.read(read));
  }
  for (const TableSetting& table : TableSettings()) {
    if (table.live) table.assign(running, read);
  }
}

}  // namespace larder
