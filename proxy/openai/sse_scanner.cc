#include "proxy/openai/sse_scanner.h"

#include "proxy/json/json.h"
#include "proxy/openai/response_policy.h"
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
  while (!bytes.empty()) {
    if (after_cr_ && bytes.front() == '\n') {  // the LF of a CRLF
      bytes.remove_prefix(1);
      after_cr_ = false;
      continue;
    }
    after_cr_ = false;
    const std::size_t end = bytes.find_first_of("\r\n");
    if (end == std::string_view::npos) {
      line_.append(bytes);
      return;
    }
    after_cr_ = bytes[end] == '\r';
    if (line_.empty()) {
      TakeLine(bytes.substr(0, end));
    } else {
      line_.append(bytes, 0, end);
      TakeLine(line_);
      line_.clear();
    }
    bytes.remove_prefix(end + 1);
  }
}

void SseScanner::TakeLine(std::string_view line) {
  if (line.empty()) {
    Dispatch();
    return;
  }
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value =
      colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "event") {
    event_ = value;
  } else if (name == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  }
}

void SseScanner::Dispatch() {
  if (has_data_) {
    if (data_ == "[DONE]") {
      terminated_ = true;
    } else {
      if (event_ == "error") failed_ = true;
      InspectData();
      if (!terminated_) ++events_;
    }
  }
  event_.clear();
  data_.clear();
  has_data_ = false;
}

void SseScanner::InspectData() {
  // Most events are text deltas; once one has answered, only those that may say more are parsed.
  const auto mentions = [&](std::string_view word) {
    return data_.find(word) != std::string::npos;
  };
  if (answered_ && !mentions("\"error\"") && !mentions("\"usage\"") && !mentions("\"response.") &&
      !mentions("message_stop")) {
    return;
  }
  const auto document = JsonDocument::Parse(data_);
  if (!document.ok()) {
    answered_ = true;
    return;
  }
  const JsonElement root = document->root();
  if (const auto type = StringMember(root, "type")) {
    if (*type == "response.completed" || *type == "message_stop") terminated_ = true;
    if (*type == "response.failed" || *type == "response.incomplete" || *type == "error")
      failed_ = true;
  }
  if (const auto error = Member(root, "error"); error && !error->is_null()) failed_ = true;
  if (HasErrorFinish(root)) failed_ = true;
  if (!terminated_ && Answers(root)) answered_ = true;
  const TokenUsage usage = UsageOf(root);
  if (usage.prompt >= 0) prompt_tokens_ = usage.prompt;
  if (usage.completion >= 0) completion_tokens_ = usage.completion;
}

}  // namespace larder
