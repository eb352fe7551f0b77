#include "proxy/json/canonical_json.h"

#include <cmath>

#include "proxy/json/json_writer.h"

namespace larder {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;

// A whole number prints as one wherever the same number, written without point and exponent, is
// read as an integer (int64 or uint64).
void AppendDouble(double value, std::string& out) {
  const bool whole = value == std::floor(value);
  if (whole && value >= -kTwoTo63 && value < kTwoTo63) {
    out += std::to_string(static_cast<std::int64_t>(value));  // -0.0 is 0
  } else if (whole && value >= 0 && value < 2 * kTwoTo63) {
    out += std::to_string(static_cast<std::uint64_t>(value));
  } else {
    const std::size_t begin = out.size();
    AppendJsonNumber(value, out);
    // Digits alone would be read as an integer, which is too large to be one.
    if (out.find_first_of(".e", begin) == std::string::npos) out += ".0";
  }
}

// The value as T; a default T when it is of another type, which its type() has ruled out.
template <typename T>
T As(JsonElement element) {
  T value{};
  return element.get(value) == simdjson::SUCCESS ? value : T{};
}

void Append(JsonElement value, std::span<const std::string_view> skip, std::string& out) {
  switch (value.type()) {
    case simdjson::dom::element_type::OBJECT: {
      std::vector<std::pair<std::string_view, JsonElement>> members;
      for (const auto field : As<JsonObject>(value)) {
        if (std::find(skip.begin(), skip.end(), field.key) == skip.end()) {
          members.emplace_back(field.key, field.value);
        }
      }
      std::stable_sort(members.begin(), members.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      out.push_back('{');
      for (std::size_t i = 0; i < members.size(); ++i) {
        if (i > 0) out.push_back(',');
        AppendJsonString(members[i].first, out);
        out.push_back(':');
        Append(members[i].second, {}, out);
      }
      out.push_back('}');
      return;
    }
    case simdjson::dom::element_type::ARRAY: {
      bool first = true;
      out.push_back('[');
      for (const JsonElement element : As<JsonArray>(value)) {
        if (!first) out.push_back(',');
        first = false;
        Append(element, {}, out);
      }
      out.push_back(']');
      return;
    }
    case simdjson::dom::element_type::STRING:
      AppendJsonString(As<std::string_view>(value), out);
      return;
    case simdjson::dom::element_type::INT64:
      out += std::to_string(As<std::int64_t>(value));
      return;
    case simdjson::dom::element_type::UINT64:
      out += std::to_string(As<std::uint64_t>(value));
      return;
    case simdjson::dom::element_type::DOUBLE:
      AppendDouble(As<double>(value), out);
      return;
    case simdjson::dom::element_type::BOOL:
      out += As<bool>(value) ? "true" : "false";
      return;
    case simdjson::dom::element_type::NULL_VALUE:
      out += "null";
      return;
  }
}

}  // namespace

std::string CanonicalJson(JsonElement value, std::span<const std::string_view> skip) {
  std::string out;
  Append(value, skip, out);
  return out;
}

}  // namespace larder
