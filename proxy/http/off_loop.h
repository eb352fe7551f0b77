// OffLoop: runs what computes for long somewhere else than on an event loop. Thread-safe.
#pragma once

#include <functional>

#include "proxy/http/worker_pool.h"

namespace larder {

class OffLoop {
 public:
  // `pool` outlives it.
  explicit OffLoop(WorkerPool& pool) : pool_(pool) {}

  // Runs `work` and returns when it is done. On a fiber it runs on a thread of the pool while the
  // fiber waits; elsewhere, and when the pool is full, right here. What it throws comes out here.
  void Run(const std::function<void()>& work) const;

 private:
  WorkerPool& pool_;
};

}  // namespace larder
