#include "config/settings.h"

#include <algorithm>
#include <array>

#include "config/setting_rows.h"

namespace larder {
namespace {

std::vector<Setting> Joined() {
  std::vector<Setting> all;
  for (const auto group : {ServerSettings(), UpstreamSettings(), CacheSettings(), SearchSettings(),
                           CollectionsSettings(), MaintenanceSettings(), EncryptionSettings(),
                           AdminSettings(), OwnSettings(), AccessSettings(), TelemetrySettings()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

template <auto kList>
TableSetting Table(std::string_view key, std::string_view after, std::size_t most,
                   std::span<const Setting> rows, std::string_view description) {
  return {key,
          after,
          description,
          most,
          rows,
          [](const Config& config) { return (config.*kList).size(); },
          [](Config& config) { (config.*kList).emplace_back(); },
          [](Config& to, const Config& from) { to.*kList = from.*kList; }};
}

TableSetting Live(TableSetting table) {
  table.live = true;
  return table;
}

}  // namespace

std::span<const Setting> Settings() {
  static const std::vector<Setting> all = Joined();
  return all;
}

const Setting* FindSetting(std::string_view key) {
  const auto found = std::ranges::find(Settings(), key, &Setting::key);
  return found == Settings().end() ? nullptr : &*found;
}

std::span<const TableSetting> TableSettings() {
  static const std::array all = {
      Table<&Config::upstreams>(
          "upstreams", "upstream", 64, UpstreamRows(),
          "Further upstreams, each for the models and paths that it names. A request goes to the "
          "first one, in the order of the file, that takes its model and its path, and to "
          "[upstream] where none does."),
      Table<&Config::lifetimes>(
          "cache.lifetimes", "cache.responses", 256, LifetimeRows(),
          "Freshness lifetimes by model and path: the first one, in the order of the file, that "
          "matches both goes before lifetime_s and models_lifetime_s. An embedding is of path "
          "/embeddings."),
      Table<&Config::prices>(
          "prices", "telemetry", 256, PriceRows(),
          "What tokens cost, by model: the first one, in the order of the file, that matches goes "
          "before Larder's own table. A model that neither knows is counted as unpriced, never "
          "guessed."),
      Live(Table<&Config::keys>("keys", "access", 1000, KeyRows(),
                                "Client keys of Larder's own, beside those that larder keys create "
                                "makes. With any, other "
                                "credentials are refused, as with admin.require_client_key; the "
                                "upstream then needs a key "
                                "of its own (upstream.api_key_env).")),
      Live(Table<&Config::limits>("limits", "access", 256, LimitRows(),
                                  "Limits of what callers may ask for. All that match a request "
                                  "count; each caller and each "
                                  "element has counters of its own.")),
  };
  return all;
}

const TableSetting* FindTable(std::string_view key) {
  const auto found = std::ranges::find(TableSettings(), key, &TableSetting::key);
  return found == TableSettings().end() ? nullptr : &*found;
}

const Setting* TableSetting::Find(std::string_view name) const {
  const auto found = std::ranges::find(rows, name, &Setting::name);
  return found == rows.end() ? nullptr : &*found;
}

void TableSetting::Append(Config& config) const {
  const std::size_t element = size(config);
  add(config);
  for (const Setting& row : rows) {
    if (row.inherits.empty()) continue;
    row.write(config, FindSetting(row.inherits)->read(config), element);
  }
}

std::string ElementKey(const TableSetting& table, std::size_t element, std::string_view name) {
  std::string key = std::string(table.key) + "[" + std::to_string(element) + "]";
  if (!name.empty()) key += "." + std::string(name);
  return key;
}

}  // namespace larder
