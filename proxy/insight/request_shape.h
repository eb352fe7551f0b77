// RequestShape: what a request is made of, a hash for each field: enough to see that it is another
// one but for a field, and which. Thread-safety: a value; functions are pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

class RequestShape {
 public:
  static constexpr std::size_t kMaxFields = 64;

  // A field that says how the request is to be answered: "temperature", with its canonical JSON.
  // Beyond kMaxFields all further ones count as one, "other".
  void Add(std::string_view field, std::string_view value);
  // A field that says what the request is about: "messages", "input". Two requests that differ in
  // it have nothing to do with each other, unless they differ in it only as Normalised overlooks.
  void AddContent(std::string_view field, std::string_view value);

  bool empty() const { return fields_.empty(); }

  struct Field {
    std::string name;
    std::uint64_t hash = 0;        // of name and value
    std::uint64_t normalised = 0;  // of name and normalised value; 0 for what is not content
    bool is_content() const { return normalised != 0; }
  };
  const std::vector<Field>& fields() const { return fields_; }

  // Sums of all fields' hashes, wrapping: what is left without a field is the sum less its hash.
  std::uint64_t sum() const { return sum_; }
  // The same with the normalised contents.
  std::uint64_t normalised_sum() const { return normalised_sum_; }

  // `text` without white space (escaped as in JSON or not), ASCII letters in lower case; and from
  // kLongText bytes on with every run of digits as one: what clients tend to add without meaning it
  // (a trailing line end, a time of day). In a short text a number may be all there is to say.
  static std::string Normalised(std::string_view text);
  static constexpr std::size_t kLongText = 160;

 private:
  std::vector<Field> fields_;
  std::uint64_t sum_ = 0;
  std::uint64_t normalised_sum_ = 0;
};

}  // namespace larder
