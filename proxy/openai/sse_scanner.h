// SseScanner: watches the event stream of an answer pass by and knows whether it came to its proper
// end. Source: OpenAI's and Anthropic's streaming references.
// Thread-safety: none; one thread at a time.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/openai/response_policy.h"
#include "proxy/openai/sse_reader.h"

namespace larder {

class SseScanner {
 public:
  // The endpoint says how its streams end.
  explicit SseScanner(Endpoint endpoint) : endpoint_(endpoint) {}

  // Looks at the next bytes of the stream, however they are cut.
  void Feed(std::string_view bytes);

  // The endpoint's terminal event has passed and no data behind it: response.completed (responses),
  // message_stop (messages), data "[DONE]" (the others). A "[DONE]" behind any of them is harmless.
  bool terminated() const { return terminated_ && !goes_on_; }
  // An error has passed: an event named or of type "error", one of type response.failed or
  // response.incomplete, a response.completed that is not, a data object with an "error" member, a
  // finish_reason "error"; or a message that is to be continued ("pause_turn").
  bool failed() const { return failed_; }
  // Data events before the terminal one.
  std::uint64_t events() const { return events_; }
  // An event has said something. Chat and completions: any but one of choices that are all empty.
  // Responses: a delta, or a response.completed with an answer. Messages: a content block or a
  // delta that is not empty.
  bool answered() const { return answered_; }
  // What the last usage object said; -1 when there was none.
  std::int64_t prompt_tokens() const { return prompt_tokens_; }
  std::int64_t completion_tokens() const { return completion_tokens_; }

 private:
  void Inspect(const SseEvent& event);
  void InspectData(std::string_view data);
  void InspectType(std::string_view type, JsonElement root);

  Endpoint endpoint_;
  SseReader reader_;
  bool terminated_ = false;
  bool goes_on_ = false;  // behind its terminal event
  bool failed_ = false;
  bool answered_ = false;
  std::uint64_t events_ = 0;
  std::int64_t prompt_tokens_ = -1;
  std::int64_t completion_tokens_ = -1;
};

}  // namespace larder
