#include "proxy/openai/response_id.h"

#include "proxy/json/json.h"
#include "proxy/openai/sse_reader.h"

namespace larder {

std::string ResponseIdOf(std::string_view body, bool is_stream) {
  if (!is_stream) {
    const auto document = JsonDocument::Parse(body);
    if (!document.ok()) return {};
    return std::string(StringMember(document->root(), "id").value_or(""));
  }
  SseReader reader;
  reader.Feed(body);
  while (const auto event = reader.Next()) {
    if (event->data.find("response.completed") == std::string_view::npos) continue;
    const auto document = JsonDocument::Parse(event->data);
    if (!document.ok() || StringMember(document->root(), "type") != "response.completed") continue;
    const auto response = Member(document->root(), "response");
    if (!response) return {};
    return std::string(StringMember(*response, "id").value_or(""));
  }
  return {};
}

}  // namespace larder
