// App::Graph: every part of a running server. Members stand in the order of construction; each may
// use those before it. Only app/app.cc and app/graph.cc see it. Thread-safety: that of its members.
#pragma once

#include <atomic>
#include <thread>

#include "app/admin_api.h"
#include "app/admin_door.h"
#include "app/app.h"
#include "app/caller_access.h"
#include "app/data_dir.h"
#include "app/fronts.h"
#include "app/module_options.h"
#include "app/stores.h"
#include "app/upkeep.h"
#include "base/replaceable.h"
#include "proxy/proxy.h"
#include "proxy/search/collections.h"
#include "proxy/upstream/upstream_set.h"

namespace larder {

struct App::Graph {
  Graph(const Config& c, Log& l, std::unique_ptr<Clock> k, DataDir d, std::unique_ptr<Encryption> e,
        const std::string& secret, std::unique_ptr<UpstreamSet> u,
        std::unique_ptr<OidcConnection> o, std::string j);

  Proxy::Handlers Handlers() {
    return {embeddings,        embeddings_handler, responses_handler,  pass_through,
            tunnel_handler,    search_handler,     collection_handler, vector_store_handler,
            vectorize_handler, admin_handler};
  }
  ProxyOptions ProxyOptionsOf(Surface surface) const {
    return {config.max_request_bytes,
            via,
            config.upstream.url,
            config.cache_mode,
            {config.cors_origins, config.preflight_max_age},
            surface};
  }

  void Background(std::function<void()> work) {
    // When every worker is busy, the disk write is dropped: the entry stands in the memory tier.
    if (!background.Submit(std::move(work)))
      log.Warning("a cache write was dropped: the disk is too slow");
  }

  Gauges ReadGauges() const;
  AdminHandler::Health ReadHealth() const;
  std::string CollectionsState() const;  // "ready", "loading", "unusable"
  void RunFlusher();
  // What its users do when a database has changed, on its own thread.
  void OnCacheDatabase(const StoreHealth& now);
  void OnDataDatabase(const StoreHealth& now);

  const Config config;
  Replaceable<std::string> config_json;
  Log& log;
  const std::string via;
  const std::unique_ptr<Clock> owned_clock;
  const Clock& clock;
  DataDir data_dir;
  Partitioner partitioner;
  Stores stores;
  WorkerPool computing{{std::max(2U, std::thread::hardware_concurrency()), 1024}};
  OffLoop off_loop{computing};
  WorkerPool background{{2, 4096}};
  WorkerPool refreshes{config.refreshes};
  std::unique_ptr<UpstreamSet> upstreams;
  EmbeddingCache embedding_cache;
  ResponseCache response_cache;
  SpaceSet spaces;
  Indexer indexer;
  Collections collections;
  CallerAccess caller_access;
  MissDiagnosis diagnosis;
  Upkeep upkeep;
  EmbeddingsService embeddings;
  EmbeddingsHandler embeddings_handler;
  PassThroughHandler pass_through;
  TunnelHandler tunnel_handler;
  ResponsesHandler responses_handler;
  TextEmbedder embedder;
  CollectionSearch collection_search;
  SearchHandler search_handler;
  CollectionHandler collection_handler;
  VectorStoreHandler vector_store_handler;
  VectorizeHandler vectorize_handler;
  Telemetry telemetry;
  AdminDoor admin_door;
  AdminHandler admin_handler;
  CacheAdmin cache_admin;
  AdminApi admin_api;
  Proxy proxy;
  Proxy admin_proxy;
  Fronts fronts;

  std::string address;
  std::string admin_address;
  std::atomic<bool> ready{false};
  bool stopped = false;
  Mutex flusher_mutex;
  CondVar flusher_changed;
  bool flusher_stopping LARDER_GUARDED_BY(flusher_mutex) = false;
  std::thread flusher;
};

}  // namespace larder
