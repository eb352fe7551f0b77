#include "app/app.h"

#include <atomic>
#include <optional>
#include <thread>

#include "app/admin_api.h"
#include "app/admin_door.h"
#include "app/caller_access.h"
#include "app/damaged_caches.h"
#include "app/data_dir.h"
#include "app/fronts.h"
#include "app/module_options.h"
#include "app/storage.h"
#include "app/upkeep.h"
#include "app/upstream_tokens.h"
#include "base/random.h"
#include "base/replaceable.h"
#include "base/secret_file.h"
#include "base/sha256.h"
#include "proxy/admin/live_tail.h"
#include "proxy/admin/upkeep_json.h"
#include "proxy/proxy.h"
#include "proxy/search/collections.h"
#include "proxy/upstream/upstream_set.h"

namespace larder {
namespace {

// Lines of the access log, live tails; and the statistics.
constexpr std::chrono::milliseconds kTickInterval{50};
constexpr std::chrono::seconds kFlushInterval{5};
// What callers used of their limits.
constexpr std::chrono::seconds kSaveInterval{1};

// "1.1 larder-1f2e3d4c": a name of this process, so that Larders in a row are no loop.
std::string NewVia() {
  return "1.1 larder-" + ToHex(Sha256Of(RandomBytes(16))).substr(0, 8);
}

// None when nothing is to be kept of a request: then it is not even described.
Proxy::Observer ObserverOf(const Config& config, Telemetry& telemetry) {
  if (!config.telemetry.enabled && !config.log_requests) return {};
  return [&telemetry](const RequestRecord& record) { telemetry.Record(record); };
}

}  // namespace

std::string Version() {
  return LARDER_VERSION;
}

// Members stand in the order of construction; each may use those before it.
struct App::Graph {
  Graph(const Config& c, Log& l, std::unique_ptr<Clock> k, DataDir d, std::unique_ptr<Encryption> e,
        const std::string& secret, std::unique_ptr<UpstreamSet> u,
        std::unique_ptr<OidcConnection> o, std::string j)
      : config(c),
        config_json(std::move(j)),
        log(l),
        owned_clock(std::move(k)),
        clock(*owned_clock),
        data_dir(std::move(d)),
        partitioner(secret),
        storage(config, std::move(e), clock, log),
        upstreams(std::move(u)),
        embedding_cache(storage.cache(), clock, config.embedding_cache),
        response_cache(storage.cache(), config.response_cache),
        spaces(SpacesOptionsOf(config, storage.encryption().index_keys())),
        indexer(storage.cache(), clock, spaces, LongestEmbeddingLifetime(config), config.indexer,
                [this](const std::string& problem) {
                  log.Warning("search index", {{"reason", problem}});
                }),
        collections(storage.data(), clock, log,
                    CollectionsOptionsOf(config, storage.encryption().index_keys())),
        caller_access(storage.data(), partitioner, clock, log, config),
        diagnosis(config.diagnosis),
        upkeep({storage.cache_disk(), storage.data_disk(), storage.encryption(), embedding_cache,
                response_cache, indexer, collections, clock, log},
               config),
        embeddings(embedding_cache, *upstreams, clock, via, EmbeddingsOptionsOf(config)),
        embeddings_handler(embeddings, clock, off_loop),
        pass_through(*upstreams, clock, via),
        tunnel_handler(*upstreams, clock, via),
        responses_handler(
            response_cache, *upstreams, clock, via, pass_through,
            [this](std::function<void()> work) { Background(std::move(work)); },
            [this](std::function<void()> work) { return refreshes.Submit(std::move(work)); },
            ResponsesOptionsOf(config)),
        embedder(embeddings),
        collection_search(collections, embedder, clock),
        search_handler(embeddings, embedder, collection_search, indexer, spaces, storage.cache(),
                       clock, LongestEmbeddingLifetime(config)),
        collection_handler(collections, embedder),
        vector_store_handler(collections, collection_search, pass_through),
        vectorize_handler(collections, collection_search),
        telemetry(storage.cache(), clock, {Version(), config.upstream.url, data_dir.path()},
                  [this] { return ReadGauges(); }, TelemetryOptionsOf(config),
                  {&log, config.log_requests, [this] { flusher_changed.NotifyAll(); }}),
        admin_door(config, secret, std::move(o), storage.data(), clock, log),
        admin_handler(telemetry, admin_door.access(), admin_door.login(),
                      [this] { return ReadHealth(); }),
        cache_admin(
            {storage.cache(), clock, embeddings, response_cache, config.responses.policy, indexer,
             caller_access.callers(), log,
             [this](const std::function<bool()>& goes_on) { return upkeep.EraseTraces(goes_on); }},
            CacheAdminOptionsOf(config), ObserverOf(config, telemetry)),
        admin_api(
            {telemetry,
             cache_admin,
             {embeddings, responses_handler, caller_access.callers(), clock, config.cache_mode},
             [this] { return config_json.get(); },
             caller_access.keys(),
             caller_access.limiter(),
             [this](std::string_view name) { return upstreams->Has(name); },
             [this](std::string_view task) { return upkeep.RunNow(task); },
             *upstreams,
             admin_door.access(),
             admin_door.sessions()},
            admin_handler),
        proxy(Handlers(), caller_access.callers(), clock, ProxyOptionsOf(ApiSurface(config)),
              ObserverOf(config, telemetry)),
        admin_proxy(Handlers(), caller_access.callers(), clock, ProxyOptionsOf(Surface::kAdmin),
                    ObserverOf(config, telemetry)),
        fronts(config, proxy, admin_proxy, clock) {}

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
  const std::string via = NewVia();
  const std::unique_ptr<Clock> owned_clock;
  const Clock& clock;
  DataDir data_dir;
  Partitioner partitioner;
  Storage storage;
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

Gauges App::Graph::ReadGauges() const {
  Gauges gauges;
  gauges.embedding_memory_bytes = embedding_cache.memory().bytes();
  gauges.embedding_memory_entries = embedding_cache.memory().size();
  gauges.embedding_memory_limit_bytes = config.embedding_cache.memory_bytes;
  gauges.response_memory_bytes = response_cache.memory().bytes();
  gauges.response_memory_entries = response_cache.memory().size();
  gauges.response_memory_limit_bytes = config.response_cache.memory_bytes;
  const Store::Size vectors = storage.cache().SizeOf(Family::kEmbeddings);
  const Store::Size inputs = storage.cache().SizeOf(Family::kInputs);
  const Store::Size responses = storage.cache().SizeOf(Family::kResponses);
  gauges.embedding_store_entries = vectors.entries;
  gauges.embedding_store_bytes = vectors.bytes + inputs.bytes;
  gauges.response_store_entries = responses.entries;
  gauges.response_store_bytes = responses.bytes;
  gauges.store_failures = embedding_cache.stats().store_failures +
                          response_cache.stats().store_failures + store->failed_unseen() +
                          data_store->failed_unseen();
  gauges.corrupt_records = embedding_cache.stats().corrupt + response_cache.stats().corrupt;
  gauges.memory_evictions =
      embedding_cache.memory().evictions() + response_cache.memory().evictions();
  gauges.index_vectors = spaces.size();
  gauges.index_bytes = spaces.memory_bytes();
  gauges.index_spaces = spaces.space_count();
  gauges.index_queued = indexer.queued();
  gauges.index_refused = spaces.refused() + indexer.dropped();
  gauges.index_ready = indexer.ready();
  const Collections::Totals held = collections.totals();
  gauges.collections = held.collections;
  gauges.collections_loading = held.loading;
  gauges.collection_points = held.points;
  gauges.collection_bytes = held.memory_bytes;
  gauges.connections = fronts.connections();
  gauges.worker_threads = fronts.workers().threads();
  gauges.worker_queue = fronts.workers().queued();
  gauges.refreshes = responses_handler.refreshes();
  gauges.refreshes_refused = responses_handler.refreshes_refused();
  gauges.rate_limited = caller_access.limiter().refused();
  gauges.limited_callers = caller_access.limiter().callers();
  gauges.upstreams = upstreams->Stats();
  gauges.disk = upkeep.Disk();
  gauges.cache_database = storage.cache_health();
  gauges.data_database = storage.data_health();
  gauges.damaged_caches = DamagedCaches(data_dir.path()).size();
  gauges.maintenance = upkeep.Tasks();
  return gauges;
}

std::string App::Graph::CollectionsState() const {
  if (!collections.usable().ok()) return "unusable";
  return collections.totals().loading > 0 ? "loading" : "ready";
}

AdminHandler::Health App::Graph::ReadHealth() const {
  const int percent = static_cast<int>(100 * indexer.progress());
  return {ready.load(), std::string("\"index\":\"") + (indexer.ready() ? "ready" : "loading") +
                            "\",\"index_percent\":" + std::to_string(percent) +
                            ",\"indexed\":" + std::to_string(spaces.size()) + ",\"queued\":" +
                            std::to_string(indexer.queued()) + ",\"collections\":\"" +
                            CollectionsState() + "\"" + ",\"collections_percent\":" +
                            std::to_string(static_cast<int>(100 * collections.totals().loaded)) +
                            "," + DatabasesHealth(storage.cache_health(), storage.data_health()) +
                            "," + DiskHealth(upkeep.Disk())};
}

void App::Graph::OnCacheDatabase(const StoreHealth& now) {
  if (now.state == StoreState::kOk) indexer.LookAgain();
}

void App::Graph::OnDataDatabase(const StoreHealth& now) {
  if (now.state == StoreState::kUnusable || now.state == StoreState::kDegraded) return;
  caller_access.LoadLate();
  collections.Start();
}

void App::Graph::RunFlusher() {
  auto next_flush = std::chrono::steady_clock::now() + kFlushInterval;
  auto next_save = std::chrono::steady_clock::now() + kSaveInterval;
  while (true) {
    {
      MutexLock lock(flusher_mutex);
      // Woken before its time, it has many lines to write.
      if (!flusher_stopping) {
        flusher_changed.WaitUntil(flusher_mutex, std::chrono::steady_clock::now() + kTickInterval);
      }
      if (flusher_stopping) return;
    }
    telemetry.Tick();
    if (std::chrono::steady_clock::now() >= next_save) {
      next_save = std::chrono::steady_clock::now() + kSaveInterval;
      caller_access.Flush();
    }
    if (std::chrono::steady_clock::now() < next_flush) continue;
    next_flush = std::chrono::steady_clock::now() + kFlushInterval;
    const WallTime started = clock.Now();
    const Status status = telemetry.Flush();
    upkeep.NoteHistory(started, status);
    if (!status.ok()) {
      log.Warning("the statistics could not be written", {{"reason", status.error().message}});
    }
  }
}

App::App(std::unique_ptr<Graph> graph) : graph_(std::move(graph)) {}

App::~App() {
  Stop();
}

const std::string& App::address() const {
  return graph_->address;
}

const std::string& App::admin_address() const {
  return graph_->admin_address;
}

Result<std::unique_ptr<App>> App::Start(const Config& config, Log& log, std::string config_json) {
  auto clock = std::make_unique<SystemClock>();
  LARDER_ASSIGN_OR_RETURN(DataDir data_dir, DataDir::Open(config.data_dir));
  // Before anything in the directory is used: with another key it would all look damaged.
  LARDER_ASSIGN_OR_RETURN(auto encryption, Encryption::Open(config.encryption, config.data_dir));
  if (!data_dir.warning().empty()) log.Warning(data_dir.warning());
  if (encryption->must_seal()) {
    log.Info("what is not encrypted with the key yet is, in the background (task seal)");
  }
  LARDER_ASSIGN_OR_RETURN(
      const std::string secret,
      ReadOrMakeSecret(config.data_dir + "/partition.key", "the partition key file"));
  LARDER_ASSIGN_OR_RETURN(auto upstreams, UpstreamSet::Create(UpstreamsOf(config), *clock));
  LARDER_ASSIGN_OR_RETURN(auto oidc, OidcConnection::Create(config.admin.oidc, *clock));
  std::unique_ptr<App> app(new App(std::make_unique<Graph>(
      config, log, std::move(clock), std::move(data_dir), std::move(encryption), secret,
      std::move(upstreams), std::move(oidc), std::move(config_json))));
  Graph& graph = *app->graph_;
  graph.embedding_cache.set_observer(
      [&graph](const NewEmbedding& added) { graph.indexer.Enqueue(added); });
  graph.embeddings.set_diagnosis(graph.diagnosis);
  graph.responses_handler.set_diagnosis(graph.diagnosis);
  graph.caller_access.Load(config);
  KeepUpstreamTokens(*graph.upstreams, graph.storage.data(), secret, log);
  graph.admin_door.Start();
  using Kind = MissDiagnosis::Kind;
  graph.cache_admin.set_purge_ended([&graph] { graph.diagnosis.ForgetPurged(); });
  graph.cache_admin.set_purge_observer([&graph](std::span<const CacheKey> keys, EntryLayer layer) {
    const Kind kind = layer == EntryLayer::kEmbeddings ? Kind::kEmbedding : Kind::kResponse;
    graph.diagnosis.NoteGone(kind, keys, MissReason::kPurged);
    if (keys.empty()) graph.diagnosis.NoteAllPurged(kind);
  });
  graph.upkeep.set_evicted([&graph](const CacheKey& key, Family layer) {
    const Kind kind = layer == Family::kEmbeddings ? Kind::kEmbedding : Kind::kResponse;
    graph.diagnosis.NoteGone(kind, {&key, 1}, MissReason::kEvicted);
  });
  graph.collections.Start();  // before the first request can ask for one
  LARDER_RETURN_IF_ERROR(graph.fronts.Start());
  graph.address = graph.fronts.address();
  graph.admin_address = graph.fronts.admin_address();
  graph.indexer.Start();
  graph.upkeep.Start();
  graph.storage.Start([&graph](const StoreHealth& now) { graph.OnCacheDatabase(now); },
                      [&graph](const StoreHealth& now) { graph.OnDataDatabase(now); });
  graph.flusher = std::thread([&graph] { graph.RunFlusher(); });
  graph.ready = true;
  return app;
}

Status App::ReloadCertificate() {
  return graph_->fronts.ReloadCertificate();
}

void App::Reload(const Config& config, std::string config_json) {
  graph_->config_json.Replace(std::move(config_json));
  graph_->telemetry.set_access_log(config.log_requests);
  graph_->admin_door.access().set_allowed_hosts(config.admin.allowed_hosts);
  graph_->upkeep.Reload(config);
  graph_->caller_access.Reload(config);
}

bool App::Stop() {
  Graph& graph = *graph_;
  if (std::exchange(graph.stopped, true)) return true;
  graph.ready = false;
  graph.telemetry.tail().Close();  // nobody waits for streams that have no end
  const bool finished = graph.fronts.Drain(graph.clock.Monotonic() + graph.config.drain_timeout);
  graph.cache_admin.RequestStop();
  graph.upstreams->Abort();  // what is still waiting for upstream ends now
  graph.admin_door.Abort();
  graph.fronts.Stop();
  graph.storage.Stop();
  graph.upkeep.Stop();
  graph.cache_admin.Stop();
  graph.indexer.Stop();
  graph.refreshes.Stop();
  graph.computing.Stop();
  graph.background.Stop();
  graph.collections.Stop();
  if (graph.flusher.joinable()) {
    {
      MutexLock lock(graph.flusher_mutex);
      graph.flusher_stopping = true;
      graph.flusher_changed.NotifyAll();
    }
    graph.flusher.join();
  }
  graph.telemetry.Tick();
  (void)graph.telemetry.Flush().ok();
  graph.caller_access.Flush();
  graph.storage.Flush();
  return finished;
}

}  // namespace larder
