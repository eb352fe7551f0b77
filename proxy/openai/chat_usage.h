// The usage that streams of chat/completions and completions tell. Sources: OpenAI's reference of
// stream_options; Azure and vLLM, which can tell it beside the choices. Thread-safety: pure
// functions.
#pragma once

#include <string>
#include <string_view>

namespace larder {

// Whether an event of the stream tells a usage.
bool TellsUsage(std::string_view stream);

// `stream` as it would have been without stream_options.include_usage: without the event that tells
// only the usage and without a "usage" in the others, else byte for byte. A stream that shows no
// sign of that option (no such event, no "usage":null) stands as it is: usage beside the choices is
// then its provider's habit.
std::string WithoutUsage(std::string_view stream);

}  // namespace larder
