// Whole answers of chat/completions and completions made of their streams. Sources: OpenAI's
// streaming reference; Azure's (a first event without choices, filter results that come later, with
// blank ids); vLLM's (usage beside the choices). Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/openai/response_policy.h"

namespace larder {

// `endpoint` is kChat or kCompletions. What the events of a choice say is joined (MergedJson,
// kGrows), of what they say about the answer the last stands. Usage as the stream told it last, if
// it did; members that only pad a stream ("obfuscation") are left out. nullopt: an event is no JSON
// object, or none has a choice.
std::optional<std::string> AssembleChat(Endpoint endpoint, std::string_view stream);

}  // namespace larder
