// Which calls the response cache keeps, under which canonical body, and which answers it may store.
// Policy without I/O.
//
// Kept: chat/completions, completions, moderations, responses and messages (POST), models (GET).
// Not kept: whatever depends on more than the request (a conversation, background work, tools that
// look or act outside), and answers that are errors, empty, or not whole. Sources: the API
// references of OpenAI and Anthropic; OpenRouter's, xAI's and DashScope's for their ways to turn a
// search on. Thread-safety: pure functions.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proxy/json/json.h"

namespace larder {

enum class Endpoint {
  kEmbeddings,
  kChat,
  kCompletions,
  kModerations,
  kResponses,
  kMessages,  // Anthropic's
  kModels,
  kOther,
};
// Members without effect on the answer, or (stream) part of its form instead.
inline constexpr std::array<std::string_view, 6> kNotInResponseKey = {
    "user", "safety_identifier", "metadata", "prompt_cache_key", "stream", "stream_options"};

// A bounded label for metrics: "embeddings", "chat", ..., "other".
std::string_view EndpointName(Endpoint endpoint);

// `path` is below /v1, without query: "/chat/completions".
Endpoint EndpointOf(std::string_view method, std::string_view path);

struct ResponsePolicyOptions {
  std::chrono::seconds lifetime{3600};              // freshness lifetime of answers
  std::chrono::seconds models_lifetime{300};        // of the models list
  std::chrono::seconds stale_while_revalidate{60};  // past lifetime: answer, then ask; 0 = off
  std::chrono::seconds stale_if_error{86400};       // past lifetime, when upstream fails; 0 = off
  bool sampled = true;                              // keep answers sampled at a temperature above 0
};

// Which form of an answer is asked for; one stored answer serves them all (answer_form.h).
enum class AnswerForm {
  kFull,
  kStream,
  kStreamWithUsage,  // chat and completions with stream_options.include_usage
};
// "full", "stream", "stream+usage".
std::string_view AnswerFormName(AnswerForm form);

struct ResponseRequest {
  std::string model;           // empty when the body names none
  std::string canonical_body;  // for the key, without what is in `form`; empty for GET
  AnswerForm form = AnswerForm::kFull;
  bool stream = false;
  std::string uncacheable;  // why it is never kept, in a word; empty when it may be
};

// Takes apart the body of a cacheable endpoint. `body` is ignored for GET.
// Errors: kInvalidArgument (not JSON, not an object, a doubled member, a stream flag that is no
// boolean).
Result<ResponseRequest> ParseResponseRequest(Endpoint endpoint, std::string_view body,
                                             const ResponsePolicyOptions& options);
// The same of a body that has been parsed.
Result<ResponseRequest> ParseResponseRequest(Endpoint endpoint, JsonElement root,
                                             const ResponsePolicyOptions& options);

std::chrono::seconds LifetimeOf(Endpoint endpoint, const ResponsePolicyOptions& options);

// Whether `root`, a whole answer, is complete and has anything in it: no finish_reason "error", no
// status but "completed", no message that is to be continued ("pause_turn").
bool IsAnswer(Endpoint endpoint, JsonElement root);

// Whether a choice of a chat message, of a completion or of a stream's event (its message, delta or
// text) has anything in it: text, a tool call, reasoning, a refusal.
bool SaysSomething(JsonElement choice);
// Whether a part of a message (a content block, an output item's part) or its delta has anything in
// it: of text and refusals, one character.
bool PartSaysSomething(JsonElement part);

// Whether a whole answer of status 200 that is not a stream may be stored: JSON, no error object,
// IsAnswer.
struct ReplyVerdict {
  bool storable = false;
  std::int64_t prompt_tokens = -1;
  std::int64_t completion_tokens = -1;
};
ReplyVerdict JudgeReply(Endpoint endpoint, std::string_view body);

}  // namespace larder
