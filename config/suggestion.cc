#include "config/suggestion.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "config/settings.h"
#include "config/toml_text.h"

namespace larder {
namespace {

constexpr std::size_t kMaxKeyBytes = 100;  // a longer key resembles nothing

// Insertions, deletions and substitutions that turn one text into the other.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string_view LastPart(std::string_view key) {
  return key.substr(key.rfind('.') + 1);
}

// The one setting whose name is that of `key` in another table; empty when there is not exactly
// one.
std::string_view SameNameElsewhere(std::string_view key) {
  const std::string_view name = LastPart(key);
  std::string_view found;
  for (const Setting& setting : Settings()) {
    if (setting.name() != name || setting.secret) continue;
    if (!found.empty()) return {};
    found = setting.key;
  }
  return found;
}

bool LooksSecret(std::string_view key) {
  static constexpr std::array<std::string_view, 6> kWords = {"token",  "secret",     "password",
                                                             "passwd", "credential", "api_key"};
  return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) {
    return key.find(word) != std::string_view::npos;
  });
}

std::string Unknown(std::string_view what, std::string_view key, std::string_view suggestion) {
  // Whatever a key holds, the sentence is one line.
  const std::string quoted = TomlString(key);
  const bool plain = quoted.size() == key.size() + 2 && key.size() <= kMaxKeyBytes;
  std::string out =
      "unknown " + std::string(what) + " " + (plain ? std::string(key) : ShowText(key));
  if (!suggestion.empty()) return out + "; did you mean " + std::string(suggestion) + "?";
  return out + "; \"larder print-config\" lists all there are";
}

}  // namespace

std::string_view Nearest(std::string_view text, const std::vector<std::string_view>& candidates) {
  if (text.size() > kMaxKeyBytes) return {};
  std::string_view nearest;
  std::size_t least = 1 + std::max(std::size_t{2}, text.size() / 5);
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = EditDistance(text, candidate);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

bool IsSettingTable(std::string_view key) {
  return std::any_of(Settings().begin(), Settings().end(), [&](const Setting& setting) {
    return setting.key.size() > key.size() && setting.key.starts_with(key) &&
           setting.key[key.size()] == '.';
  });
}

std::string UnknownSetting(std::string_view key) {
  std::vector<std::string_view> keys;
  const auto add = [&](std::span<const Setting> settings) {
    for (const Setting& setting : settings) {
      if (!setting.secret) keys.push_back(setting.key);
    }
  };
  add(Settings());
  for (const TableSetting& table : TableSettings()) add(table.rows);
  std::string_view suggestion = Nearest(key, keys);
  if (suggestion.empty()) suggestion = SameNameElsewhere(key);
  if (suggestion.empty() && LooksSecret(key)) {
    return Unknown("setting", key, {}) +
           "; a secret never stands here, settings only name a variable or a file that holds it";
  }
  return Unknown("setting", key, suggestion);
}

std::string UnknownTable(std::string_view key) {
  std::vector<std::string_view> tables;
  for (const Setting& setting : Settings()) {
    for (std::string_view table = setting.table(); !table.empty();) {
      if (std::find(tables.begin(), tables.end(), table) == tables.end()) tables.push_back(table);
      const std::size_t dot = table.rfind('.');
      table = dot == std::string_view::npos ? std::string_view{} : table.substr(0, dot);
    }
  }
  for (const TableSetting& table : TableSettings()) tables.push_back(table.key);
  std::string_view suggestion = Nearest(key, tables);
  for (const std::string_view table : tables) {
    if (suggestion.empty() && LastPart(table) == LastPart(key)) suggestion = table;
  }
  return Unknown("table", key, suggestion);
}

}  // namespace larder
