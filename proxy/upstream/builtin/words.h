// Words of a text as HashEmbedder sees them: letters and digits, lower-cased, plus a small stop
// list and a light English stemmer. A word is a run of ASCII letters and digits and of code points
// past U+007F other than U+0080..U+00BF, U+2000..U+206F and U+3000..U+303F (punctuation and
// spaces). Lower case is ASCII's: no locale, the same bytes on every machine. Thread-safety:
// functions are pure; a WordReader belongs to one thread.
#pragma once

#include <string>
#include <string_view>

namespace larder::builtin {

class WordReader {
 public:
  // `text` need not be valid UTF-8 and outlives the reader.
  explicit WordReader(std::string_view text) : rest_(text) {}

  // Replaces `word` by the next word; false, `word` unspecified, when there is none.
  bool Next(std::string& word);

 private:
  std::string_view rest_;
};

// Whether a lower-case word carries no topic ("the", "how").
bool IsStopWord(std::string_view word);

// What inflected forms of an English word share, not itself a word: "copies", "copied", "copying"
// and "copy" agree, and "move" and "moving". Words with a digit or a non-ASCII byte stay as they
// are.
std::string StemOf(std::string_view word);

}  // namespace larder::builtin
