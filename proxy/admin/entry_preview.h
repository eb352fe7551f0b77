// What is shown of an entry in a list. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "cache/key.h"
#include "cache/response_cache.h"

namespace larder {

inline constexpr std::size_t kPreviewCharacters = 300;

// The first kPreviewCharacters characters of UTF-8; sets `truncated` when there are more.
std::string_view FirstCharacters(std::string_view text, bool& truncated);
// An input as people read it: the text, or "[15339, 1917]".
std::string ReadableInput(InputKind kind, std::string_view input);
// The words of an answer, in its order: of messages, texts, output items, streams put together; the
// beginning of its body where there are none, or where it is long.
std::string WordsOf(const ResponseEntry& entry);
// Whether it is valid UTF-8, and so may stand in JSON.
bool IsUtf8(std::string_view text);

}  // namespace larder
