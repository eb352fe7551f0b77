// Whole answers of Anthropic's /v1/messages made of their streams. Source: Anthropic's streaming
// reference, and what its official client does with the events. Thread-safety: pure function.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace larder {

// message_start's message with what the other events add: content blocks in the order of their
// index, their deltas joined (an input is the JSON that its pieces make up), message_delta's
// members in the place of the message's, its usage counts in the place of those of the start.
// nullopt: an event is no JSON object, there was no message_start, or an input is no JSON.
std::optional<std::string> AssembleMessage(std::string_view stream);

}  // namespace larder
