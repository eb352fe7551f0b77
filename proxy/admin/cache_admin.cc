#include "proxy/admin/cache_admin.h"

namespace larder {

CacheAdmin::CacheAdmin(const Parts& parts, const CacheAdminOptions& options,
                       std::function<void(const RequestRecord&)> observer)
    : catalog_(parts.store, parts.clock),
      lifetimes_(parts.embeddings.options().lifetimes, parts.embeddings.cache().options().lifetime,
                 parts.responses_policy),
      purger_(parts.store, catalog_, parts.clock, parts.embeddings.cache(), parts.responses,
              parts.indexer, parts.log),
      jobs_(options.max_jobs),
      entries_(catalog_, lifetimes_, parts.clock, purger_),
      purge_(purger_, parts.clock, jobs_, parts.erase_traces),
      export_(catalog_, lifetimes_, parts.clock, jobs_, parts.log),
      import_({parts.embeddings, parts.responses, lifetimes_, parts.callers, parts.clock, jobs_,
               parts.log},
              options.import_line_bytes),
      warm_({parts.embeddings, parts.callers, parts.clock, jobs_, options.mode, options.upstream,
             std::move(observer)}) {}

void CacheAdmin::AddTo(AdminHandler& handler) {
  handler.Add("entries", entries_);
  handler.Add("purge", purge_);
  handler.Add("export", export_);
  handler.Add("import", import_);
  handler.Add("warm", warm_);
}

}  // namespace larder
