#include "proxy/json/json.h"

#include <cmath>
#include <vector>

namespace larder {
namespace {

constexpr std::size_t kMaxDepth = 512;

// Of one thread: few and small ones, most requests being small.
constexpr std::size_t kKeptDocuments = 4;
constexpr std::size_t kKeptDocumentBytes = 256UL * 1024;  // of text
std::vector<std::unique_ptr<simdjson::dom::document>>& KeptDocuments() {
  thread_local std::vector<std::unique_ptr<simdjson::dom::document>> kept;
  return kept;
}

}  // namespace

void JsonDocument::GiveBack::operator()(simdjson::dom::document* document) const {
  std::unique_ptr<simdjson::dom::document> owned(document);
  auto& kept = KeptDocuments();
  if (kept.size() < kKeptDocuments && owned->capacity() <= kKeptDocumentBytes) {
    kept.push_back(std::move(owned));
  }
}

JsonDocument::Pointer JsonDocument::Take() {
  auto& kept = KeptDocuments();
  if (kept.empty()) return Pointer(new simdjson::dom::document());
  Pointer document(kept.back().release());
  kept.pop_back();
  return document;
}

Result<JsonDocument> JsonDocument::Parse(std::string_view text) {
  constexpr std::size_t kKeepBytes = 4U << 20;
  thread_local simdjson::dom::parser parser;
  Pointer document = Take();
  if (const auto error = parser.allocate(std::max<std::size_t>(text.size(), 4096), kMaxDepth);
      error != simdjson::SUCCESS) {
    return Error{ErrorCode::kOverloaded, ErrorOrigin::kSelf, "not enough memory to parse the JSON"};
  }
  JsonElement root;
  const auto error =
      parser.parse_into_document(*document, text.data(), text.size(), true).get(root);
  if (parser.capacity() > kKeepBytes) parser = simdjson::dom::parser();
  if (error != simdjson::SUCCESS) {
    return InvalidArgument(std::string("the body is not valid JSON: ") +
                           simdjson::error_message(error));
  }
  return JsonDocument(std::move(document));
}

std::optional<JsonElement> JsonParser::Parse(std::string_view text) {
  if (text.size() > kMaxBytes) return std::nullopt;
  if (padded_.empty()) {
    if (parser_.allocate(kMaxBytes, kMaxDepth) != simdjson::SUCCESS) return std::nullopt;
    padded_.resize(kMaxBytes + simdjson::SIMDJSON_PADDING);
  }
  std::copy(text.begin(), text.end(), padded_.begin());
  JsonElement root;
  if (parser_.parse(padded_.data(), text.size(), false).get(root) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return root;
}

std::optional<JsonElement> Member(JsonElement object, std::string_view key) {
  JsonObject members;
  JsonElement value;
  if (object.get(members) != simdjson::SUCCESS) return std::nullopt;
  if (members.at_key(key).get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

std::optional<std::string_view> StringMember(JsonElement object, std::string_view key) {
  std::string_view value;
  const auto member = Member(object, key);
  if (!member || member->get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

std::optional<bool> BoolMember(JsonElement object, std::string_view key) {
  bool value = false;
  const auto member = Member(object, key);
  if (!member || member->get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

std::optional<std::int64_t> IntMember(JsonElement object, std::string_view key) {
  const auto member = Member(object, key);
  if (!member) return std::nullopt;
  std::int64_t whole = 0;
  if (member->get(whole) == simdjson::SUCCESS) return whole;
  double value = 0;
  if (member->get(value) != simdjson::SUCCESS) return std::nullopt;
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (value != std::floor(value) || std::abs(value) > kExact) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

std::optional<double> NumberMember(JsonElement object, std::string_view key) {
  double value = 0;
  const auto member = Member(object, key);
  if (!member || member->get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

std::optional<std::string_view> DuplicateMember(JsonElement object) {
  JsonObject members;
  if (object.get(members) != simdjson::SUCCESS) return std::nullopt;
  std::vector<std::string_view> names;
  for (const auto field : members) names.push_back(field.key);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return std::nullopt;
  return *twice;
}

}  // namespace larder
