// A client key's terms as the admin API reads and writes them: models, upstreams, limits, budget.
// Thread-safety: pure functions.
#pragma once

#include <functional>

#include "proxy/access/client_keys.h"
#include "proxy/access/limiter.h"
#include "proxy/json/json.h"
#include "proxy/json/json_writer.h"

namespace larder {

// Puts what `root` has of "models", "upstreams", "limits" and "budget" into `terms`; null takes
// what is there away, and what is absent stays. Errors: kInvalidArgument with the member in `param`
// (among them an upstream that `has_upstream` does not know).
Status ReadTerms(JsonElement root, const std::function<bool(std::string_view)>& has_upstream,
                 KeyTerms& terms);

// The members of one key, with what it has used; `account` may be null.
void WriteKey(const ClientKeys::Listed& listed, CallerAccount* account, const Moment& now,
              JsonWriter& json);

}  // namespace larder
