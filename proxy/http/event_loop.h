// EventLoop: one thread, one epoll (level-triggered), tasks posted from other threads, a tick.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace larder {

class EventLoop {
 public:
  // `events` are EPOLLIN and the like.
  using FdHandler = std::function<void(std::uint32_t events)>;

  // Errors: kIo (no descriptors left).
  static Result<std::unique_ptr<EventLoop>> Create();
  // Stops the loop and joins its thread.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Starts the thread. `on_tick` runs on it at least every `tick_ms` milliseconds, roughly.
  void Start(std::function<void()> on_tick, int tick_ms);
  // From any thread: no event or task runs once it has returned. From the loop's own thread:
  // forbidden.
  void Stop();

  // From any thread: runs `task` on the loop's thread; dropped, not run, once the loop was stopped.
  void Post(std::function<void()> task);

  // On the loop's thread, or before Start. The handler may remove itself.
  Status Watch(int fd, std::uint32_t events, FdHandler handler);
  void Rewatch(int fd, std::uint32_t events);
  void Unwatch(int fd);

 private:
  EventLoop(int epoll_fd, int event_fd) : epoll_fd_(epoll_fd), event_fd_(event_fd) {}
  void Run();
  void RunPosted();

  const int epoll_fd_;
  const int event_fd_;
  std::function<void()> on_tick_;
  int tick_ms_ = 1000;
  struct Watched {
    std::uint32_t generation = 0;  // tells an event of this descriptor from one of its forerunner
    std::shared_ptr<FdHandler> handler;  // shared by the table and the event being handled
  };
  std::unordered_map<int, Watched> handlers_;
  std::uint32_t next_generation_ = 1;
  Mutex mutex_;
  std::vector<std::function<void()>> posted_ LARDER_GUARDED_BY(mutex_);
  bool stopping_ LARDER_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace larder
