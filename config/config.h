// Config: everything that can be set, as one immutable value composed of each module's own options.
// Built by config/load.h from defaults, file, environment and flags; only the App sees it whole.
// Thread-safety: a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/log.h"
#include "cache/disk_budget.h"
#include "cache/embedding_cache.h"
#include "cache/encryption_options.h"
#include "cache/maintenance.h"
#include "cache/reopening_store.h"
#include "cache/response_cache.h"
#include "cache/rocksdb_store.h"
#include "proxy/access/callers.h"
#include "proxy/admin/admin_options.h"
#include "proxy/admin/cache_admin_options.h"
#include "proxy/admin/telemetry_options.h"
#include "proxy/cache_mode.h"
#include "proxy/http/front.h"
#include "proxy/http/worker_pool.h"
#include "proxy/insight/miss_diagnosis.h"
#include "proxy/lifetime_rules.h"
#include "proxy/openai/embeddings_service.h"
#include "proxy/openai/responses_handler.h"
#include "proxy/search/collections_options.h"
#include "proxy/search/indexer.h"
#include "proxy/upstream/upstream_options.h"
#include "vector/space_set.h"

namespace larder {

struct Config {
  std::string listen = "127.0.0.1:8787";   // HOST:PORT, [V6]:PORT; port 0 = any free port
  std::string data_dir = "./larder-data";  // created with mode 0700
  LogFormat log_format = LogFormat::kText;
  LogLevel log_level = LogLevel::kInfo;
  std::string log_file;      // empty: stderr
  bool log_requests = true;  // a line for every finished request

  bool core_dumps = false;  // of a crash; they would hold prompts and keys

  FrontOptions front;                           // host and port: `listen`, taken apart
  std::uint64_t max_request_bytes = 25U << 20;  // of a body that is gathered whole
  std::chrono::seconds drain_timeout{30};       // for requests in flight at the end
  std::vector<std::string> cors_origins;        // scheme://host[:port], or "*"
  std::chrono::seconds preflight_max_age{600};  // 0 = a browser remembers nothing
  UpstreamOptions upstream;                     // "default": asked where none of `upstreams` is
  std::vector<UpstreamOptions> upstreams;       // in the order in which they are tried
  CacheMode cache_mode = CacheMode::kOn;
  std::vector<std::string> key_headers;   // lower-case; see KeyedHeaders in proxy/forwarding.h
  std::vector<LifetimeRule> lifetimes;    // the first that matches goes before those below
  RocksDbOptions store;                   // path comes from data_dir
  std::uint64_t keep_damaged_caches = 0;  // that were moved aside; 0: all of them
  ReopeningStoreOptions reopening;        // of both databases
  DiskBudgetOptions disk;                 // but for max_bytes, comes from `store`
  MaintenanceOptions maintenance;
  EncryptionOptions encryption;
  EmbeddingCacheOptions embedding_cache;
  EmbeddingsServiceOptions embeddings;
  ResponseCacheOptions response_cache;
  ResponsesOptions responses;
  MissDiagnosisOptions diagnosis;
  WorkerPoolOptions refreshes{8, 256};  // of stale answers, in the background
  SpaceSet::Options spaces;
  IndexerOptions indexer;
  CollectionsOptions collections;  // directory comes from data_dir, the graph from `spaces`
  CallersOptions callers;
  LimiterOptions limiter;           // but for its rules, which are `limits`
  std::vector<ConfiguredKey> keys;  // with any, other credentials are refused
  std::vector<LimitRule> limits;    // all that match count
  AdminOptions admin;               // its host and port: admin.listen, taken apart
  TelemetryOptions telemetry;       // but for its prices, which are `prices`
  std::vector<PriceRule> prices;    // the first that matches counts
  CacheAdminOptions cache_admin;    // mode and upstream come from the settings above
  std::string admin_token_file;     // where admin.token was read from; empty for none
};

}  // namespace larder
