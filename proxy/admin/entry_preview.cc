#include "proxy/admin/entry_preview.h"

#include <array>

#include "base/bytes.h"
#include "proxy/json/json.h"
#include "proxy/openai/answer_form.h"

namespace larder {
namespace {

constexpr std::size_t kMaxParsed = 256UL * 1024;
constexpr int kMaxDepth = 8;

Endpoint EndpointNamed(std::string_view name) {
  for (const Endpoint endpoint : {Endpoint::kChat, Endpoint::kCompletions, Endpoint::kModerations,
                                  Endpoint::kResponses, Endpoint::kMessages, Endpoint::kModels}) {
    if (EndpointName(endpoint) == name) return endpoint;
  }
  return Endpoint::kOther;
}

// Gathers the strings that stand under the names at which answers keep their words.
void Gather(JsonElement value, int depth, std::string& words) {
  constexpr std::array<std::string_view, 4> kLists = {"choices", "output", "content", "data"};
  if (depth > kMaxDepth || words.size() > 8 * kPreviewCharacters) return;
  JsonArray items;
  if (value.get(items) == simdjson::SUCCESS) {
    for (const JsonElement item : items) Gather(item, depth + 1, words);
    return;
  }
  if (!value.is_object()) return;
  for (const char* name : {"content", "text", "refusal", "arguments"}) {
    const auto text = StringMember(value, name);
    if (!text || text->empty()) continue;
    if (!words.empty()) words += ' ';
    words += *text;
  }
  if (const auto message = Member(value, "message")) Gather(*message, depth + 1, words);
  for (const std::string_view name : kLists) {
    if (const auto list = Member(value, name); list && list->is_array()) {
      Gather(*list, depth + 1, words);
    }
  }
}

}  // namespace

bool IsUtf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

std::string_view FirstCharacters(std::string_view text, bool& truncated) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80U;
    if (begins && characters++ == kPreviewCharacters) {
      truncated = true;
      return text.substr(0, i);
    }
  }
  truncated = false;
  return text;
}

std::string ReadableInput(InputKind kind, std::string_view input) {
  if (kind == InputKind::kText) return std::string(input);
  ByteReader reader(input);
  std::string text = "[";
  while (reader.ok() && reader.remaining() >= sizeof(std::int64_t)) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(reader.Fixed<std::int64_t>());
  }
  return text + ']';
}

std::string WordsOf(const ResponseEntry& entry) {
  std::string words;
  if (entry.body.size() <= kMaxParsed) {
    const auto whole =
        RenderAnswer(EndpointNamed(entry.path), entry.body, entry.is_stream, AnswerForm::kFull);
    const auto document = JsonDocument::Parse(whole.value_or(""));
    if (document.ok()) Gather(document->root(), 0, words);
  }
  if (words.empty()) words = entry.body.substr(0, 4 * kPreviewCharacters);
  return words;
}

}  // namespace larder
