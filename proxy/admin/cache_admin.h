// CacheAdmin: the endpoints of the admin API that look into the cache and change it (entries,
// purge, export, import, warm), with what they share. Thread-safe.
#pragma once

#include "proxy/admin/admin_handler.h"
#include "proxy/admin/cache_admin_options.h"
#include "proxy/admin/entries_endpoint.h"
#include "proxy/admin/export_endpoint.h"
#include "proxy/admin/import_endpoint.h"
#include "proxy/admin/purge_endpoint.h"
#include "proxy/admin/warm_endpoint.h"

namespace larder {

class CacheAdmin {
 public:
  // All outlive it.
  struct Parts {
    Store& store;
    const Clock& clock;
    EmbeddingsService& embeddings;
    ResponseCache& responses;
    const ResponsePolicyOptions& responses_policy;
    Indexer& indexer;
    const Callers& callers;
    Log& log;
    PurgeEndpoint::EraseTraces erase_traces = {};
  };
  // `observer`: told of what warming asked for, as Proxy's.
  CacheAdmin(const Parts& parts, const CacheAdminOptions& options,
             std::function<void(const RequestRecord&)> observer);
  // As Stop.
  ~CacheAdmin() { jobs_.Stop(); }
  CacheAdmin(const CacheAdmin&) = delete;
  CacheAdmin& operator=(const CacheAdmin&) = delete;

  // Adds the endpoints to `handler`, which must not be asked once this is gone.
  void AddTo(AdminHandler& handler);
  // Told which keys purges take; before the first request.
  void set_purge_observer(Purger::Observer observer) { purger_.set_observer(std::move(observer)); }
  void set_purge_ended(std::function<void()> ended) { purger_.set_ended(std::move(ended)); }
  // Jobs under way are to end; to be called before the front waits for its requests to end. Then
  // Stop waits for them.
  void RequestStop() { jobs_.RequestStop(); }
  void Stop() { jobs_.Stop(); }

  const EntryCatalog& catalog() const { return catalog_; }
  const EntryLifetimes& lifetimes() const { return lifetimes_; }
  Purger& purger() { return purger_; }

 private:
  const EntryCatalog catalog_;
  const EntryLifetimes lifetimes_;
  Purger purger_;
  AdminJobs jobs_;
  EntriesEndpoint entries_;
  PurgeEndpoint purge_;
  ExportEndpoint export_;
  ImportEndpoint import_;
  WarmEndpoint warm_;
};

}  // namespace larder
