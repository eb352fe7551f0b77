// What `larder-echo` hears and says: "You said: " and the last user message, word by word.
// A token is a word here, in every count of the built-in provider: a run of bytes that are not
// ASCII white space, with the white space before it (the last word of a text also keeps what
// follows it). Thread-safety: pure functions; the structs are values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/json/json.h"

namespace larder::builtin {

// The number of words; 1 for white space alone, 0 for an empty text.
std::size_t CountTokens(std::string_view text);

struct Echo {
  std::string text;
  std::vector<std::size_t> ends;  // of each word in `text`, ascending; the last is text.size()
  bool is_cut = false;            // there was more to say than allowed

  std::size_t words() const { return ends.size(); }
  // Precondition: i < words(). The words in order are the text. The view lives as long as the echo.
  std::string_view Word(std::size_t i) const;
};

// "You said: `said`", cut after `max_words` words when given (at least 1).
Echo EchoOf(std::string_view said, std::optional<std::int64_t> max_words);

struct Conversation {
  std::string last_user_text;  // empty when no message is the user's
  std::size_t tokens = 0;      // of all messages
};

// Reads the messages of a chat or the items of a response's input. A message's text is its
// `content`, or the `text` of its parts joined by line feeds; parts without text (images, files)
// and items that are not messages (tool calls and their outputs) are skipped. Errors:
// kInvalidArgument naming `param` ("messages"), or the message in it that is at fault.
Result<Conversation> ReadConversation(JsonArray messages, std::string_view param);

}  // namespace larder::builtin
