// CallerAccess: the keys that Larder gives out, what callers have used of their limits, and what of
// it outlives the server. Thread-safety: Load before the first request; Flush from one thread at a
// time; Reload from any.
#pragma once

#include "base/log.h"
#include "config/config.h"
#include "proxy/access/caller_saver.h"
#include "proxy/access/callers.h"

namespace larder {

class CallerAccess {
 public:
  // `store` (the data), `partitioner`, `clock` and `log` outlive it.
  CallerAccess(Store& store, const Partitioner& partitioner, const Clock& clock, Log& log,
               const Config& config);

  // A key that cannot be read is refused, and a caller whose counters cannot be read begins anew;
  // each is said in the log.
  void Load(const Config& config);
  // What could not be read then, now that the database can be: keys, that is.
  void LoadLate();
  // Saves what has changed. A failure is said once, and once more when it works again.
  void Flush();
  // Takes the settings that change while the server runs.
  void Reload(const Config& config);

  ClientKeys& keys() { return keys_; }
  Limiter& limiter() { return limiter_; }
  const Limiter& limiter() const { return limiter_; }
  const Callers& callers() const { return callers_; }

 private:
  Log& log_;
  const PriceTable prices_;
  ClientKeys keys_;
  Limiter limiter_;
  Callers callers_;
  CallerSaver saver_;
  bool keys_loaded_ = false;  // of Load, then of LoadLate
  bool saved_ = true;         // of Flush
};

}  // namespace larder
