// Streams of chat/completions and completions made of whole answers. Source: OpenAI's streaming
// reference. Thread-safety: pure function.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/openai/response_policy.h"

namespace larder {

// `endpoint` is kChat or kCompletions. For each choice its role, then what it says (a member of the
// message in one delta; a tool call in two, name and arguments), then how it finished; then, when
// asked for, the usage; then "[DONE]". nullopt: no JSON object with choices, or no usage to tell.
std::optional<std::string> ChatEvents(Endpoint endpoint, std::string_view whole, bool with_usage);

}  // namespace larder
