// Answers of /v1/responses, whole and as streams. Source: OpenAI's reference of streaming events;
// what the official client's ResponseStream builds up from them and refuses.
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace larder {

// The "response" of the stream's response.completed as it is written; nullopt without one.
std::optional<std::string> AssembleResponse(std::string_view stream);

// response.created and response.in_progress; for each output item its output_item.added, the parts
// of it that stream (message content, summaries and texts of reasoning, arguments and inputs of
// calls: each added, one delta, done), output_item.done; response.completed. nullopt: `whole` is no
// object with an "output".
std::optional<std::string> ResponseEvents(std::string_view whole);

}  // namespace larder
