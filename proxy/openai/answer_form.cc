#include "proxy/openai/answer_form.h"

#include "proxy/json/json.h"
#include "proxy/openai/chat_assembly.h"
#include "proxy/openai/chat_events.h"
#include "proxy/openai/chat_usage.h"
#include "proxy/openai/messages_assembly.h"
#include "proxy/openai/messages_events.h"
#include "proxy/openai/responses_events.h"

namespace larder {
namespace {

std::optional<std::string> Assemble(Endpoint endpoint, std::string_view stream) {
  switch (endpoint) {
    case Endpoint::kChat:
    case Endpoint::kCompletions:
      return AssembleChat(endpoint, stream);
    case Endpoint::kResponses:
      return AssembleResponse(stream);
    case Endpoint::kMessages:
      return AssembleMessage(stream);
    default:
      return std::nullopt;
  }
}

std::optional<std::string> TakeApart(Endpoint endpoint, std::string_view whole, bool with_usage) {
  switch (endpoint) {
    case Endpoint::kChat:
    case Endpoint::kCompletions:
      return ChatEvents(endpoint, whole, with_usage);
    case Endpoint::kResponses:
      return ResponseEvents(whole);
    case Endpoint::kMessages:
      return MessageEvents(whole);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<std::string> RenderAnswer(Endpoint endpoint, std::string_view stored,
                                        bool stored_is_stream, AnswerForm form) {
  const bool with_usage = form == AnswerForm::kStreamWithUsage;
  if (!stored_is_stream) {
    if (form == AnswerForm::kFull) return std::string(stored);
    return TakeApart(endpoint, stored, with_usage);
  }
  if (form == AnswerForm::kFull) {
    // Half a character whose other half never came is no JSON for everybody.
    auto whole = Assemble(endpoint, stored);
    return whole && JsonDocument::Parse(*whole).ok() ? std::move(whole) : std::nullopt;
  }
  const bool is_chat = endpoint == Endpoint::kChat || endpoint == Endpoint::kCompletions;
  if (!is_chat) return std::string(stored);
  if (!with_usage) return WithoutUsage(stored);
  if (!TellsUsage(stored)) return std::nullopt;
  return std::string(stored);
}

}  // namespace larder
