// SseScanner: watches a server-sent event stream pass by and knows whether it came to its proper
// end. Source: WHATWG HTML, "Server-sent events", parsing; OpenAI's and Anthropic's streaming
// references. Thread-safety: none; one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

class SseScanner {
 public:
  // Looks at the next bytes of the stream, however they are cut.
  void Feed(std::string_view bytes);

  // The terminal event has passed: data "[DONE]", or an event of type response.completed or
  // message_stop.
  bool terminated() const { return terminated_; }
  // An error has passed: an event named "error", one of type response.failed, or a data object with
  // an "error" member or a finish_reason "error".
  bool failed() const { return failed_; }
  // Data events before the terminal one.
  std::uint64_t events() const { return events_; }
  // An event before the terminal one has said something: any event but one of choices that are all
  // empty.
  bool answered() const { return answered_; }
  // What the last usage object said; -1 when there was none.
  std::int64_t prompt_tokens() const { return prompt_tokens_; }
  std::int64_t completion_tokens() const { return completion_tokens_; }

 private:
  void TakeLine(std::string_view line);
  void Dispatch();
  void InspectData();

  std::string line_;
  bool after_cr_ = false;
  std::string event_;
  std::string data_;
  bool has_data_ = false;
  bool terminated_ = false;
  bool failed_ = false;
  bool answered_ = false;
  std::uint64_t events_ = 0;
  std::int64_t prompt_tokens_ = -1;
  std::int64_t completion_tokens_ = -1;
};

}  // namespace larder
