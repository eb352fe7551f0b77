#include "proxy/openai/sse_scanner.h"

#include "proxy/json/json.h"
#include "proxy/openai/usage.h"

namespace larder {
namespace {

// Of data that is no object with choices: true.
bool Answers(JsonElement data) {
  const auto choices = Member(data, "choices");
  JsonArray list;
  if (!choices || choices->get(list) != simdjson::SUCCESS) return true;
  for (const JsonElement choice : list) {
    if (SaysSomething(choice)) return true;
  }
  return false;
}

bool HasErrorFinish(JsonElement data) {
  const auto choices = Member(data, "choices");
  JsonArray list;
  if (!choices || choices->get(list) != simdjson::SUCCESS) return false;
  for (const JsonElement choice : list) {
    if (StringMember(choice, "finish_reason") == "error") return true;
  }
  return false;
}

}  // namespace

void SseScanner::Feed(std::string_view bytes) {
  reader_.Feed(bytes);
  while (const auto event = reader_.Next()) {
    if (event->has_data) Inspect(*event);
  }
}

void SseScanner::Inspect(const SseEvent& event) {
  if (event.data == "[DONE]") {
    const bool has_own = endpoint_ == Endpoint::kResponses || endpoint_ == Endpoint::kMessages;
    if (!has_own) terminated_ = true;
    if (!terminated_) ++events_;
    return;
  }
  if (terminated_) goes_on_ = true;
  if (event.name == "error") failed_ = true;
  InspectData(event.data);
  if (!terminated_) ++events_;
}

void SseScanner::InspectData(std::string_view data) {
  // Most events are text deltas; once one has answered, only those that may say more are parsed.
  const auto mentions = [&](std::string_view word) { return data.find(word) != data.npos; };
  if (answered_ && !mentions("\"error\"") && !mentions("\"usage\"") &&
      !mentions("response.completed") && !mentions("response.failed") &&
      !mentions("response.incomplete") && !mentions("message_stop") && !mentions("pause_turn")) {
    return;
  }
  const auto document = JsonDocument::Parse(data);
  if (!document.ok()) {
    answered_ = true;
    return;
  }
  const JsonElement root = document->root();
  if (const auto error = Member(root, "error"); error && !error->is_null()) failed_ = true;
  if (HasErrorFinish(root)) failed_ = true;
  InspectType(StringMember(root, "type").value_or(""), root);
  const TokenUsage usage = UsageOf(root);
  if (usage.prompt >= 0) prompt_tokens_ = usage.prompt;
  if (usage.completion >= 0) completion_tokens_ = usage.completion;
}

void SseScanner::InspectType(std::string_view type, JsonElement root) {
  if (type == "error" || type == "response.failed" || type == "response.incomplete") failed_ = true;
  if (endpoint_ == Endpoint::kResponses) {
    if (type.ends_with(".delta")) answered_ = true;
    if (type == "response.completed") {
      terminated_ = true;
      const auto response = Member(root, "response");
      if (response && IsAnswer(endpoint_, *response)) answered_ = true;
      if (response && StringMember(*response, "status").value_or("completed") != "completed")
        failed_ = true;
      if (response) {
        const auto error = Member(*response, "error");
        if (error && !error->is_null()) failed_ = true;
      }
    }
  } else if (endpoint_ == Endpoint::kMessages) {
    if (type == "message_stop") terminated_ = true;
    const auto part = Member(root, type == "content_block_start" ? "content_block" : "delta");
    if (!part) return;
    if (type.starts_with("content_block_") && PartSaysSomething(*part)) answered_ = true;
    if (StringMember(*part, "stop_reason") == "pause_turn") failed_ = true;
  } else if (!terminated_ && Answers(root)) {
    answered_ = true;
  }
}

}  // namespace larder
