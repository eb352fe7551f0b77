// HitRequest: a request of the fast lane, reduced to what a look-up needs. Thread-safety: a value;
// its views live for the look-up.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cache/key.h"
#include "proxy/access/client_key.h"
#include "proxy/json/json.h"
#include "proxy/openai/response_policy.h"

namespace larder {

struct HitRequest {
  Endpoint endpoint = Endpoint::kOther;
  std::string_view method;
  std::string_view path;            // below /v1, without query: "/embeddings"
  const Partition& partition;       // of the credential
  std::string_view keyed_headers;   // as KeyedHeaders gives them
  std::optional<JsonElement> root;  // of the body; absent without one
  const ClientKey* key = nullptr;   // Larder's own, that it came with
};

}  // namespace larder
