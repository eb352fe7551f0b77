// EventLoop: one thread, one epoll (level-triggered), tasks posted from other threads, ticks, and
// fibers (base/fiber.h) for work that waits.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/fiber.h"
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

  // The loop whose thread this is; nullptr elsewhere.
  static EventLoop* Current();

  // Starts the thread. `on_tick` runs on it at least every `tick_ms` milliseconds, roughly.
  void Start(std::function<void()> on_tick, int tick_ms);
  // From any thread: no event or task runs once it has returned. From the loop's own thread:
  // forbidden. Precondition: no fiber is left.
  void Stop();

  // From any thread: runs `task` on the loop's thread, not within this call; dropped, not run, once
  // the loop was stopped.
  void Post(std::function<void()> task);

  // All below: on the loop's thread, or before Start.

  // The handler may remove itself.
  Status Watch(int fd, std::uint32_t events, FdHandler handler);
  void Rewatch(int fd, std::uint32_t events);
  void Unwatch(int fd);

  // What an owner keeps on this loop, made at the first call: its connections, say. It is dropped
  // on the loop's thread when the loop stops. `on_tick` runs with the loop's own.
  struct Resident {
    virtual ~Resident() = default;
    virtual void OnTick() {}
  };
  Resident& ResidentOf(const void* owner, const std::function<std::unique_ptr<Resident>()>& make);

  FiberRunner& fibers() { return fibers_; }

 private:
  struct Watched {
    FdHandler handler;
    bool live = true;
  };

  EventLoop(int epoll_fd, int event_fd);
  void Run();
  void RunPosted();
  void Tick();

  const int epoll_fd_;
  const int event_fd_;
  std::function<void()> on_tick_;
  int tick_ms_ = 1000;
  std::vector<std::unique_ptr<Watched>> watched_;  // by descriptor
  // Unwatched while events of theirs may still stand in the batch that is being handled.
  std::vector<std::unique_ptr<Watched>> unwatched_;
  std::unordered_map<const void*, std::unique_ptr<Resident>> residents_;
  FiberRunner fibers_;
  std::vector<std::function<void()>> own_posted_;  // by this thread
  Mutex mutex_;
  std::vector<std::function<void()>> posted_ LARDER_GUARDED_BY(mutex_);
  bool stopping_ LARDER_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace larder
