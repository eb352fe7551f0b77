// How log lines write times and values, for the log and for whoever makes whole lines for it.
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/log.h"

namespace larder {

// "2026-01-01T00:00:00.000Z"
void AppendLogTime(std::int64_t unix_millis, std::string& out);

// Whether every byte stands for itself in either format, inside quotes or (`bare`) without them.
bool IsPlainLogText(std::string_view text, bool bare);

// `text` on one line, valid UTF-8 and without quotes around it. A byte that is not UTF-8 becomes
// \xNN in text; JSON has no such escape and gets U+FFFD.
void AppendLogText(std::string_view text, LogFormat format, std::string& out);

// A string as a field's value: in quotes, but in text only when it is empty or has blanks, quotes,
// '=', backslashes or escapes.
void AppendLogValue(std::string_view value, LogFormat format, std::string& out);

}  // namespace larder
