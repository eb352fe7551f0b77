// CallerSaver: keeps what callers used of their limits, and when keys were used, over restarts. It
// is written once a second or so, all that has changed in one batch, never for a single request:
// what kill -9 takes is the last second. Thread-safety: one thread at a time.
#pragma once

#include "proxy/access/client_keys.h"
#include "proxy/access/limiter.h"

namespace larder {

class CallerSaver {
 public:
  // All outlive it.
  CallerSaver(Store& store, ClientKeys& keys, Limiter& limiter)
      : store_(store), keys_(keys), limiter_(limiter) {}

  // After the keys have been loaded, before the first request. Returns how many records could not
  // be read: those callers begin at nothing. Errors: kIo, kCorruption; then all do.
  Result<std::size_t> Load();
  // Errors: kIo; then it is written next time.
  Status Flush();

 private:
  Store& store_;
  ClientKeys& keys_;
  Limiter& limiter_;
  bool all_next_ = false;
};

}  // namespace larder
