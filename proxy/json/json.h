// Reading JSON (RFC 8259): the one place that includes simdjson. Documents are validated whole:
// UTF-8, grammar, nothing after the end, at most 512 levels deep. Thread-safety: a document is
// immutable once parsed; Parse may run on any thread.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace larder {

// A view of one value inside a document; lives as long as the document. Use the error-code
// accessors (get(), is_string(), ...): the throwing conversions are not for us.
using JsonElement = simdjson::dom::element;
using JsonArray = simdjson::dom::array;
using JsonObject = simdjson::dom::object;

class JsonDocument {
 public:
  // Parses `text`, which may be dropped afterwards.
  // Errors: kInvalidArgument, saying what is wrong (never quoting the text).
  static Result<JsonDocument> Parse(std::string_view text);

  JsonElement root() const { return document_->root(); }

 private:
  // Documents go back to their thread, for the next text: their memory is large beside the text.
  struct GiveBack {
    void operator()(simdjson::dom::document* document) const;
  };
  using Pointer = std::unique_ptr<simdjson::dom::document, GiveBack>;
  static Pointer Take();

  explicit JsonDocument(Pointer document) : document_(std::move(document)) {}
  Pointer document_;
};

// Parses small texts one after another in the same memory. Thread-safety: none; one thread at a
// time.
class JsonParser {
 public:
  static constexpr std::size_t kMaxBytes = 64UL * 1024;

  // The root, which lives until the next call; nullopt when JsonDocument::Parse would refuse the
  // text, or when it is longer than kMaxBytes.
  std::optional<JsonElement> Parse(std::string_view text);

 private:
  simdjson::dom::parser parser_;
  std::string padded_;
};

// The member `key` of an object; nullopt when `object` is not an object or has no such member. An
// explicit null is returned as a null element.
std::optional<JsonElement> Member(JsonElement object, std::string_view key);
// The same for members of one type; nullopt when absent, null or of another type.
std::optional<std::string_view> StringMember(JsonElement object, std::string_view key);
std::optional<bool> BoolMember(JsonElement object, std::string_view key);
// Whole numbers only (2.0 counts, 2.5 does not).
std::optional<std::int64_t> IntMember(JsonElement object, std::string_view key);
std::optional<double> NumberMember(JsonElement object, std::string_view key);

// A name that occurs twice among the object's own members; nullopt when all differ.
std::optional<std::string_view> DuplicateMember(JsonElement object);

}  // namespace larder
