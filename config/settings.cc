#include "config/settings.h"

#include <algorithm>

#include "config/setting_rows.h"

namespace larder {
namespace {

std::vector<Setting> Joined() {
  std::vector<Setting> all;
  for (const auto group :
       {ServerSettings(), UpstreamSettings(), CacheSettings(), SearchSettings(), OwnSettings()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

}  // namespace

std::span<const Setting> Settings() {
  static const std::vector<Setting> all = Joined();
  return all;
}

const Setting* FindSetting(std::string_view key) {
  const auto all = Settings();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Setting& setting) { return setting.key == key; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace larder
