// Streams of Anthropic's /v1/messages made of whole answers. Source: Anthropic's streaming
// reference, and what its official client does with the events. Thread-safety: pure function.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace larder {

// message_start; for each content block its start (empty), one delta for each member that streams
// (text, citations, thinking, signature, input), its stop; message_delta with why it stopped and
// how much it said; message_stop. nullopt: `whole` is no object with a "content".
std::optional<std::string> MessageEvents(std::string_view whole);

}  // namespace larder
