// What the stand-in for a provider needs of a request's body. Thread-safety: pure function.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace larder::bench {

// The views point into the body and are still escaped as JSON.
struct ProviderCall {
  std::string_view model;
  std::vector<std::string_view> inputs;
  bool base64 = false;
  bool stream = false;
};

// Reads the members of the JSON object `body` that it knows and skips the others. nullopt when it
// cannot be read or an input is not a string. It trusts the rest of the JSON to be well formed.
std::optional<ProviderCall> ReadCall(std::string_view body);

}  // namespace larder::bench
