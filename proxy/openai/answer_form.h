// The forms of one answer: whole, as a stream of events, as one that also tells the usage. One
// stored entry serves them all: a stored stream is assembled into a whole answer, a whole one is
// taken apart into events. Sources: OpenAI's and Anthropic's streaming references.
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/openai/response_policy.h"

namespace larder {

// `stored`, an answer that was found fit to be stored (JudgeReply, SseScanner), in the form asked
// for; byte for byte where it has that form already. Events end as the endpoint's streams do.
// chat and completions: usage (a last event without choices, and "usage":null in those before)
// stands in kStreamWithUsage alone; what a provider tells unasked beside the choices stays.
// responses and messages: their streams always tell it.
// nullopt: it cannot be given so: usage is asked for and the stored stream has none, or the stored
// bytes are not understood. A whole answer made of a stream that told no usage has no "usage".
std::optional<std::string> RenderAnswer(Endpoint endpoint, std::string_view stored,
                                        bool stored_is_stream, AnswerForm form);

}  // namespace larder
