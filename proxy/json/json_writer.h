// Writing JSON: values appended to a string, commas kept by the writer. Keys and nesting are the
// caller's to get right; tests of each document check them by parsing.
// Thread-safety: none; one thread at a time.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

// Appends `text` quoted and escaped (RFC 8259, section 7). `text` is UTF-8; other bytes go as they
// are.
void AppendJsonString(std::string_view text, std::string& out);
inline std::string JsonString(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}
// Appends the shortest decimal that reads back as the same number; null for NaN and infinities.
void AppendJsonNumber(double value, std::string& out);
void AppendJsonNumber(float value, std::string& out);

class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }

  JsonWriter& Key(std::string_view key);
  JsonWriter& String(std::string_view value);
  JsonWriter& Int(std::int64_t value);
  JsonWriter& Number(double value);
  JsonWriter& Bool(bool value) { return Raw(value ? "true" : "false"); }
  JsonWriter& Null() { return Raw("null"); }
  // `json` is one valid JSON value, appended as it stands.
  JsonWriter& Raw(std::string_view json);

  // A member in one call.
  JsonWriter& Member(std::string_view key, std::string_view value) {
    return Key(key).String(value);
  }
  JsonWriter& Member(std::string_view key, const char* value) { return Key(key).String(value); }
  JsonWriter& Member(std::string_view key, bool value) { return Key(key).Bool(value); }
  template <std::integral T>
  JsonWriter& Member(std::string_view key, T value) {
    return Key(key).Int(static_cast<std::int64_t>(value));
  }
  template <std::floating_point T>
  JsonWriter& Member(std::string_view key, T value) {
    return Key(key).Number(value);
  }

  const std::string& str() const { return out_; }
  std::string Take() { return std::move(out_); }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void Separate();

  std::string out_;
  bool needs_comma_ = false;
};

}  // namespace larder
