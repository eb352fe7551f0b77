#include "config/config_json.h"

#include "config/settings.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

struct WriteValue {
  JsonWriter& json;

  void operator()(std::int64_t value) const { json.Int(value); }
  void operator()(bool value) const { json.Bool(value); }
  void operator()(const std::string& value) const { json.String(value); }
  void operator()(const std::vector<std::string>& values) const {
    json.BeginArray();
    for (const std::string& value : values) json.String(value);
    json.EndArray();
  }
};

// `key` is the row's, or that of a row in one element.
void WriteSetting(JsonWriter& json, const Setting& setting, const LoadedConfig& loaded,
                  const std::string& key, std::size_t element, const Config* defaults) {
  const SettingValue value = setting.read(loaded.config, element);
  const auto origin = loaded.origins.find(key);
  json.BeginObject().Member("key", key).Key("value");
  if (!setting.secret) {
    std::visit(WriteValue{json}, value);
  } else if (std::get<std::string>(value).empty()) {
    json.Null();
  } else {
    json.String("(redacted)");
  }
  json.Key("default");
  if (defaults == nullptr || setting.secret) {
    json.Null();
  } else {
    std::visit(WriteValue{json}, setting.read(*defaults));
  }
  json.Member("origin", origin == loaded.origins.end() ? "unknown" : origin->second);
  json.Member("unit", setting.unit).Member("description", setting.description);
  json.Member("secret", setting.secret).EndObject();
}

}  // namespace

std::string ConfigJson(const LoadedConfig& loaded) {
  const Config defaults;
  JsonWriter json;
  json.BeginObject().Member("file", loaded.file).Key("settings").BeginArray();
  for (const Setting& setting : Settings()) {
    WriteSetting(json, setting, loaded, std::string(setting.key), 0, &defaults);
  }
  for (const TableSetting& table : TableSettings()) {
    for (std::size_t i = 0; i < table.size(loaded.config); ++i) {
      for (const Setting& row : table.rows) {
        WriteSetting(json, row, loaded, ElementKey(table, i, row.name()), i, nullptr);
      }
    }
  }
  json.EndArray().EndObject();
  return json.Take();
}

}  // namespace larder
