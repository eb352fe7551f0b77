// AdminJobs: the long work of the admin API (purges, exports, imports, warming), on threads of its
// own that yield to serving, a few at once. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <set>

#include "base/mutex.h"
#include "proxy/admin/line_stream.h"
#include "proxy/http/message.h"
#include "proxy/http/worker_pool.h"

namespace larder {

class AdminJobs {
 public:
  // One more than `max_jobs` at once is refused.
  explicit AdminJobs(std::size_t max_jobs) : pool_({max_jobs, 0}) {}
  ~AdminJobs() { Stop(); }

  // Answers at once with NDJSON that `job` writes as it goes; what it writes is whole when it
  // returns true. An error with 503 when there are too many.
  Response Stream(std::function<bool(LineStream&)> job);
  // Runs `job` and waits for it. False when there are too many: it was not run.
  bool RunAndWait(const std::function<void()>& job);
  // What to answer then.
  static Response RenderTooMany();

  // Jobs are to end: stopping() is true, and nothing is written any more.
  void RequestStop();
  // The same, and waits for them.
  void Stop();
  bool stopping() const { return stopping_.load(); }

 private:
  WorkerPool pool_;
  std::atomic<bool> stopping_{false};
  Mutex mutex_;
  std::set<LineStream*> streams_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder
