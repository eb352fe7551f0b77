// Config: everything that can be set, as one immutable value composed of each module's own options.
// Built by config/load.h from defaults, file, environment and flags; only the App sees it whole.
// Thread-safety: a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/log.h"
#include "cache/embedding_cache.h"
#include "cache/response_cache.h"
#include "cache/rocksdb_store.h"
#include "proxy/admin/access.h"
#include "proxy/http/front.h"
#include "proxy/openai/embeddings_service.h"
#include "proxy/openai/responses_handler.h"
#include "proxy/search/indexer.h"
#include "proxy/upstream/curl_engine.h"
#include "vector/space_set.h"

namespace larder {

struct Config {
  std::string listen = "127.0.0.1:8787";   // HOST:PORT, [V6]:PORT; port 0 = any free port
  std::string data_dir = "./larder-data";  // created with mode 0700
  std::string upstream = "builtin";        // a base URL, or "builtin"
  LogFormat log_format = LogFormat::kText;
  LogLevel log_level = LogLevel::kInfo;
  bool log_requests = true;  // a line for every finished request

  FrontOptions front;                                   // host and port: `listen`, taken apart
  std::uint64_t max_request_bytes = 25U << 20;          // of a body that is gathered whole
  std::chrono::seconds drain_timeout{30};               // for requests in flight at the end
  std::chrono::milliseconds upstream_timeout{600'000};  // for a head, and between pieces of a body
  CurlEngineOptions http;
  RocksDbOptions store;  // path comes from data_dir
  EmbeddingCacheOptions embedding_cache;
  EmbeddingsServiceOptions embeddings;
  ResponseCacheOptions response_cache;
  ResponsesOptions responses;
  SpaceSet::Options spaces;
  IndexerOptions indexer;
  AdminOptions admin;
  std::string admin_token_file;  // where admin.token was read from; empty for none
};

}  // namespace larder
