#include "proxy/http/worker_pool.h"

#include <chrono>
#include <system_error>

namespace larder {
namespace {

constexpr std::chrono::seconds kIdleLife{30};

}  // namespace

WorkerPool::~WorkerPool() {
  Stop();
}

bool WorkerPool::Submit(std::function<void()> task) {
  JoinFinished();
  MutexLock lock(mutex_);
  if (stopping_) return false;
  if (queue_.size() >= idle_ && threads_.size() < options_.max_threads) {
    const std::uint64_t id = next_id_++;
    try {
      threads_.emplace(id, std::thread([this, id] { Run(id); }));
      ++idle_;  // from now on, so that no other task counts on a thread that is still starting
    } catch (const std::system_error&) {
      if (threads_.empty()) return false;  // no thread to be had: the task would wait for ever
    }
  }
  if (queue_.size() >= idle_ + options_.queue_limit) return false;
  queue_.push_back(std::move(task));
  work_.NotifyOne();
  return true;
}

void WorkerPool::Stop() {
  std::unordered_map<std::uint64_t, std::thread> threads;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    work_.NotifyAll();
    threads.swap(threads_);
  }
  for (auto& [id, thread] : threads) thread.join();
  JoinFinished();
}

std::size_t WorkerPool::queued() const {
  MutexLock lock(mutex_);
  return queue_.size();
}

std::size_t WorkerPool::threads() const {
  MutexLock lock(mutex_);
  return threads_.size();
}

void WorkerPool::JoinFinished() {
  std::vector<std::thread> finished;
  {
    MutexLock lock(mutex_);
    finished.swap(finished_);
  }
  for (std::thread& thread : finished) thread.join();
}

void WorkerPool::Run(std::uint64_t id) {
  while (true) {
    std::function<void()> task;
    {
      MutexLock lock(mutex_);
      const auto deadline = std::chrono::steady_clock::now() + kIdleLife;
      bool in_time = true;
      while (queue_.empty() && !stopping_ && in_time) in_time = work_.WaitUntil(mutex_, deadline);
      --idle_;  // counted by Submit, or at the end of the last task
      if (queue_.empty()) {
        // Idle too long, or stopping. While stopping the thread is joined from the swapped table.
        if (const auto self = threads_.find(id); !stopping_ && self != threads_.end()) {
          finished_.push_back(std::move(self->second));
          threads_.erase(self);
        }
        return;
      }
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
    task = nullptr;  // what it held is let go before the thread counts as idle
    MutexLock lock(mutex_);
    ++idle_;
  }
}

}  // namespace larder
