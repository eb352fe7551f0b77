#include "app/graph.h"

#include "app/damaged_caches.h"
#include "base/random.h"
#include "base/sha256.h"
#include "proxy/admin/upkeep_json.h"

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

App::Graph::Graph(const Config& c, Log& l, std::unique_ptr<Clock> k, DataDir d,
                  std::unique_ptr<Encryption> e, const std::string& secret,
                  std::unique_ptr<UpstreamSet> u, std::unique_ptr<OidcConnection> o, std::string j)
    : config(c),
      config_json(std::move(j)),
      log(l),
      via(NewVia()),
      owned_clock(std::move(k)),
      clock(*owned_clock),
      data_dir(std::move(d)),
      partitioner(secret),
      stores(config, std::move(e), clock, log),
      upstreams(std::move(u)),
      embedding_cache(stores.cache(), clock, config.embedding_cache),
      response_cache(stores.cache(), config.response_cache),
      spaces(SpacesOptionsOf(config, stores.encryption().index_keys())),
      indexer(stores.cache(), clock, spaces, LongestEmbeddingLifetime(config), config.indexer,
              [this](const std::string& problem) {
                log.Warning("search index", {{"reason", problem}});
              }),
      collections(stores.data(), clock, log,
                  CollectionsOptionsOf(config, stores.encryption().index_keys())),
      caller_access(stores.data(), partitioner, clock, log, config),
      diagnosis(config.diagnosis),
      upkeep({stores.cache_disk(), stores.data_disk(), stores.encryption(), embedding_cache,
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
      search_handler(embeddings, embedder, collection_search, indexer, spaces, stores.cache(),
                     clock, LongestEmbeddingLifetime(config)),
      collection_handler(collections, embedder),
      vector_store_handler(collections, collection_search, pass_through),
      vectorize_handler(collections, collection_search),
      telemetry(stores.cache(), clock, {Version(), config.upstream.url, data_dir.path()},
                [this] { return ReadGauges(); }, TelemetryOptionsOf(config),
                {&log, config.log_requests, [this] { flusher_changed.NotifyAll(); }}),
      admin_door(config, secret, std::move(o), stores.data(), clock, log),
      admin_handler(telemetry, admin_door.access(), admin_door.login(),
                    [this] { return ReadHealth(); }),
      cache_admin(
          {stores.cache(), clock, embeddings, response_cache, config.responses.policy, indexer,
           caller_access.callers(), log,
           [this](const std::function<bool()>& goes_on) { return upkeep.EraseTraces(goes_on); }},
          CacheAdminOptionsOf(config), ObserverOf(config, telemetry)),
      admin_api({telemetry,
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

Gauges App::Graph::ReadGauges() const {
  Gauges gauges;
  gauges.embedding_memory_bytes = embedding_cache.memory().bytes();
  gauges.embedding_memory_entries = embedding_cache.memory().size();
  gauges.embedding_memory_limit_bytes = config.embedding_cache.memory_bytes;
  gauges.response_memory_bytes = response_cache.memory().bytes();
  gauges.response_memory_entries = response_cache.memory().size();
  gauges.response_memory_limit_bytes = config.response_cache.memory_bytes;
  const Store::Size vectors = stores.cache().SizeOf(Family::kEmbeddings);
  const Store::Size inputs = stores.cache().SizeOf(Family::kInputs);
  const Store::Size responses = stores.cache().SizeOf(Family::kResponses);
  gauges.embedding_store_entries = vectors.entries;
  gauges.embedding_store_bytes = vectors.bytes + inputs.bytes;
  gauges.response_store_entries = responses.entries;
  gauges.response_store_bytes = responses.bytes;
  gauges.store_failures = embedding_cache.stats().store_failures +
                          response_cache.stats().store_failures + stores.cache().failed_unseen() +
                          stores.data().failed_unseen();
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
  gauges.cache_database = stores.cache_health();
  gauges.data_database = stores.data_health();
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
                            "," + DatabasesHealth(stores.cache_health(), stores.data_health()) +
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

}  // namespace larder
