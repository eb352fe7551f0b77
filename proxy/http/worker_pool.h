// WorkerPool: threads for work that may block. Threads are made when work waits and none is idle,
// up to a limit, and end after idling; the queue is bounded, so that overload is told at once.
// Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"

namespace larder {

struct WorkerPoolOptions {
  std::size_t max_threads = 512;   // [1, 4096]
  std::size_t queue_limit = 1024;  // tasks waiting for a thread
};

class WorkerPool {
 public:
  explicit WorkerPool(WorkerPoolOptions options) : options_(options) {}
  // As Stop.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False when every thread is busy and the queue is full, or after Stop: `task` will not run.
  bool Submit(std::function<void()> task);
  // Refuses new tasks, and waits until those running and those queued have run.
  void Stop();

  std::size_t queued() const;
  std::size_t threads() const;

 private:
  void Run(std::uint64_t id);
  void JoinFinished();

  const WorkerPoolOptions options_;
  mutable Mutex mutex_;
  CondVar work_;
  std::deque<std::function<void()>> queue_ LARDER_GUARDED_BY(mutex_);
  std::size_t idle_ LARDER_GUARDED_BY(mutex_) = 0;  // threads that will take a task at once
  std::uint64_t next_id_ LARDER_GUARDED_BY(mutex_) = 0;
  bool stopping_ LARDER_GUARDED_BY(mutex_) = false;
  std::unordered_map<std::uint64_t, std::thread> threads_ LARDER_GUARDED_BY(mutex_);
  std::vector<std::thread> finished_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder
