#include "proxy/upstream/builtin/words.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace larder::builtin {
namespace {

constexpr std::array<std::string_view, 35> kStopWords = {
    "a",    "an",  "and",  "are", "as",  "at",   "be",   "by",    "can",  "do",  "does", "for",
    "from", "how", "i",    "in",  "is",  "it",   "its",  "me",    "my",   "of",  "on",   "or",
    "that", "the", "this", "to",  "was", "were", "what", "which", "with", "you", "your"};
static_assert(std::ranges::is_sorted(kStopWords));

struct CodePoint {
  std::uint32_t value;
  std::size_t size;
};

// The first code point of a non-empty text; a byte that starts none stands for itself. Overlong and
// truncated sequences are taken as they come: the value only has to be the same every time.
CodePoint FirstCodePoint(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (size == 1) return {lead, 1};
  std::uint32_t value = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if (i == text.size() || (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U)
      return {lead, 1};
    value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  return {value, size};
}

bool IsWordCharacter(std::uint32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return c > 0xBF && !(c >= 0x2000 && c <= 0x206F) && !(c >= 0x3000 && c <= 0x303F);
}

bool HasVowel(std::string_view word) {
  return word.find_first_of("aeiouy") != word.npos;
}

bool EndsWithAny(std::string_view word, std::initializer_list<std::string_view> endings) {
  return std::ranges::any_of(endings, [&](std::string_view end) { return word.ends_with(end); });
}

std::string_view WithoutPlural(std::string_view word) {
  if (word.size() < 4 || !word.ends_with('s') || EndsWithAny(word, {"ss", "us", "is"})) return word;
  if (word.size() > 4 && EndsWithAny(word, {"ses", "xes", "zes", "ches", "shes"})) {
    return word.substr(0, word.size() - 2);
  }
  return word.substr(0, word.size() - 1);
}

// "runn" to "run"; l, s and z stay double ("tell", "pass", "buzz").
std::string_view WithoutDoubling(std::string_view stem) {
  const std::size_t size = stem.size();
  const bool is_double = size > 3 && stem[size - 1] == stem[size - 2];
  return is_double && !EndsWithAny(stem, {"l", "s", "z"}) ? stem.substr(0, size - 1) : stem;
}

std::string_view WithoutSuffix(std::string_view word, std::string_view suffix) {
  constexpr std::size_t kMinStem = 3;
  if (word.size() < kMinStem + suffix.size() || !word.ends_with(suffix)) return word;
  const std::string_view stem = word.substr(0, word.size() - suffix.size());
  return HasVowel(stem) && !word.ends_with("eed") ? WithoutDoubling(stem) : word;
}

}  // namespace

bool WordReader::Next(std::string& word) {
  word.clear();
  while (!rest_.empty()) {
    const CodePoint c = FirstCodePoint(rest_);
    if (!IsWordCharacter(c.value)) {
      rest_.remove_prefix(c.size);
      if (!word.empty()) return true;
      continue;
    }
    if (c.size == 1 && c.value >= 'A' && c.value <= 'Z') {
      word.push_back(static_cast<char>(c.value + ('a' - 'A')));
    } else {
      word.append(rest_.substr(0, c.size));
    }
    rest_.remove_prefix(c.size);
  }
  return !word.empty();
}

bool IsStopWord(std::string_view word) {
  return std::ranges::binary_search(kStopWords, word);
}

std::string StemOf(std::string_view word) {
  const bool is_plain = std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
  if (!is_plain) return std::string(word);
  if (word.size() > 4 && EndsWithAny(word, {"ies", "ied"})) {
    return std::string(word.substr(0, word.size() - 3)) + "y";
  }
  std::string_view stem = WithoutPlural(word);
  const std::string_view singular = stem;
  stem = WithoutSuffix(stem, "ing");
  if (stem == singular) stem = WithoutSuffix(stem, "ed");
  if (stem.size() > 3 && stem.ends_with('e')) stem.remove_suffix(1);
  return std::string(stem);
}

}  // namespace larder::builtin
