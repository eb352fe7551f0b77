// RequestRecord: one finished request as the log, the metrics and the dashboard see it. No prompt,
// vector, credential or header value is in it. Thread-safety: a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "proxy/request_context.h"

namespace larder {

struct RequestRecord {
  WallTime finished_at;
  std::string request_id;
  std::string trace_id;  // of the caller's traceparent, 32 hexadecimal digits; empty without one
  std::string method;
  std::string path;   // without query
  std::string route;  // bounded label: "embeddings", "chat", "passthrough", "search", "admin", ...
  std::string model;  // as asked for; empty when unknown
  std::string partition;  // first 8 characters of the partition's id
  std::string upstream;   // Upstream::name()
  int status = 0;
  CacheStatus cache;
  PhaseTimes times;
  std::chrono::microseconds to_first_byte{0};  // from the request's first byte to the answer's head
  std::chrono::microseconds total{0};
  std::uint64_t bytes_out = 0;  // of the body
  bool complete = true;         // false: the client left, or the answer broke off
};

}  // namespace larder
