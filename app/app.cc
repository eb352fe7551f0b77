#include "app/app.h"

#include "app/graph.h"
#include "app/upstream_tokens.h"
#include "base/secret_file.h"
#include "proxy/admin/live_tail.h"

namespace larder {

std::string Version() {
  return LARDER_VERSION;
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
  KeepUpstreamTokens(*graph.upstreams, graph.stores.data(), secret, log);
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
  graph.stores.Start([&graph](const StoreHealth& now) { graph.OnCacheDatabase(now); },
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
  graph.stores.Stop();
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
  graph.stores.Flush();
  return finished;
}

}  // namespace larder
