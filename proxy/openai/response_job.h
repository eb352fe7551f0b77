// One request's work in the ResponsesHandler. Internal to responses_handler.cc and
// responses_upstream.cc.
#pragma once

#include <algorithm>

#include "proxy/forwarding.h"
#include "proxy/insight/shapes.h"
#include "proxy/json/json_edit.h"
#include "proxy/json/json_writer.h"
#include "proxy/openai/responses_handler.h"

namespace larder {

inline std::int64_t TokensOf(const ResponseEntry& entry) {
  return std::max<std::int64_t>(entry.prompt_tokens, 0) +
         std::max<std::int64_t>(entry.completion_tokens, 0);
}

// A request as one candidate gets it: its own model name, its own key. Borrows all it refers to.
struct ResponsesHandler::Job {
  const Request& request;
  const Endpoint endpoint;
  const ResponseRequest& parsed;
  RequestContext& context;
  const Candidate& candidate;
  const std::chrono::seconds lifetime;
  const std::vector<std::string>& key_headers;
  CacheKey key{};
  ResponsePointer stale = nullptr;  // an entry that may answer when upstream fails
  RequestShape shape = {};          // made once nothing was found
  RecentPurges::Moment begun = 0;   // of the cache's purges

  Upstream& upstream() const { return *candidate.upstream; }

  // Whether the body names the model by another name than the candidate.
  bool renamed() const { return candidate.model != parsed.model; }
  // `json` with the candidate's name for the model.
  std::string WithModel(const std::string& json) const {
    if (!renamed()) return json;
    return ReplaceMember(json, "model", JsonString(candidate.model)).value_or(json);
  }

  // What answering with `entry` saves.
  void CountSaved(const ResponseEntry& entry) const {
    context.status.saved_tokens = TokensOf(entry);
    context.status.saved_completion = std::max<std::int64_t>(entry.completion_tokens, 0);
  }

  ResponseKeyParts KeyParts() const {
    return {KeyScope{context.partition, context.directives.name_space, upstream().name(),
                     KeyedHeaders(request.headers, key_headers)},
            request.method, context.endpoint, WithModel(parsed.canonical_body),
            context.directives.custom_key};
  }

  // An entry that belongs to this request, without answer and stored-at.
  ResponseEntry NewEntry(const Headers& upstream_headers) const {
    ResponseEntry entry;
    entry.partition = context.partition.id();
    entry.name_space = context.directives.name_space;
    entry.upstream = upstream().name();
    entry.model = parsed.model;
    entry.path = std::string(EndpointName(endpoint));
    entry.fields = StoredHeaders(upstream_headers).fields();
    entry.stamp.lifetime = context.directives.LifetimeFor(lifetime);
    return entry;
  }
};

// What asking one candidate came to.
struct ResponsesHandler::Attempt {
  Response response;             // the answer, if nothing better is found
  bool asks_next = false;        // the next candidate may do better
  bool upstream_failed = false;  // a stale entry may stand in (RFC 5861)
};

// The renewal of a stale entry: a job that outlives the request that found it.
struct ResponsesHandler::Renewal {
  Request request;
  Endpoint endpoint;
  ResponseRequest parsed;
  RequestContext context;
  Candidate candidate;
  std::chrono::seconds lifetime;
  CacheKey key;
  ResponseLanding landing;
};

}  // namespace larder
