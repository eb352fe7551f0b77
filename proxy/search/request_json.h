// What the requests for collections and searches have in common: an object with members of known
// names and kinds. Thread-safety: pure functions. Errors: kInvalidArgument with the member in
// `param`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/json/json.h"

namespace larder {

// An object without a member twice and, unless `fields` is empty, without others than these.
Result<JsonDocument> ParseRequestObject(std::string_view body,
                                        std::span<const std::string_view> fields);

// The member; nullopt when it is absent or null.
std::optional<JsonElement> GivenMember(JsonElement root, std::string_view name);

// The member of that kind; `fallback` when it is absent or null.
Result<std::int64_t> WholeMember(JsonElement root, const std::string& name, std::int64_t low,
                                 std::int64_t high, std::int64_t fallback);
Result<bool> FlagMember(JsonElement root, const std::string& name, bool fallback);
Result<std::string> TextMember(JsonElement root, const std::string& name);  // fallback: ""
Result<std::optional<double>> ScoreMember(JsonElement root, const std::string& name);

// The texts of a list, 1 to `most`. An absent member is an error.
Result<std::vector<std::string>> TextsMember(JsonElement root, const std::string& name,
                                             std::size_t most);

// A query parameter ("limit=20") as a whole number in [1, most]; `fallback` when it is absent.
Result<std::size_t> LimitParameter(std::string_view query, const std::string& name,
                                   std::size_t most, std::size_t fallback);

}  // namespace larder
