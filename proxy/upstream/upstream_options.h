// What can be set of one upstream. The configuration fills it; proxy/upstream reads it.
// Thread-safety: values.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "proxy/upstream/curl_engine.h"
#include "proxy/upstream/oauth_options.h"

namespace larder {

struct RetryOptions {
  // Repetitions after a failure before the first byte of an answer; 0 = none, the client repeats
  // itself (OpenAI's SDKs do so twice). [0, 10]
  int max_retries = 0;
  // The first pause; each further one is twice as long, up to max_backoff, less a random part of
  // it.
  std::chrono::milliseconds backoff{500};
  std::chrono::milliseconds max_backoff{8'000};
  // What upstream asks for by Retry-After is waited for up to this; longer: its answer is passed
  // on.
  std::chrono::milliseconds max_retry_after{60'000};
};

struct BreakerOptions {
  // Failures in a row after which the upstream is not asked for `open`; 0 = it is always asked.
  // A failure is no answer, a broken head, or status 500, 502, 503, 504, 529; a body that breaks
  // off later is none. [0, 1000]
  int failures = 0;
  std::chrono::milliseconds open{10'000};
};

struct UpstreamOptions {
  std::string name = "default";  // for metrics and Cache-Status: [a-z0-9_-]{1,32}, unique
  std::string url = "builtin";   // a base URL, or "builtin"

  // Which requests it gets: the first upstream whose patterns match the model and the path below
  // /v1 ("/chat/completions") does. No pattern: no condition.
  std::vector<std::string> models;
  std::vector<std::string> paths;
  // Model names as clients ask for them and as this upstream knows them.
  std::vector<std::pair<std::string, std::string>> aliases;
  // Names of the upstreams that are asked, in order, when this one fails.
  std::vector<std::string> fallbacks;

  // Empty: the client's own credential goes through. Set: it goes in place of the client's.
  std::string api_key;
  std::string api_key_header = "authorization";  // "authorization" carries it as "Bearer KEY"
  // Where the configuration had api_key from, at most one of the two: a variable's name, a path.
  std::string api_key_env;
  std::string api_key_file;
  // Enabled: an access token goes in place of the client's credential; there is no api_key then.
  OAuthOptions oauth;

  std::chrono::milliseconds first_byte_timeout{600'000};  // for the head of an answer
  std::chrono::milliseconds idle_timeout{600'000};        // between two pieces of its body
  std::chrono::milliseconds total_timeout{3'600'000};     // for all of it; 0 = no limit
  RetryOptions retry;
  BreakerOptions breaker;
  CurlEngineOptions http;
};

}  // namespace larder
