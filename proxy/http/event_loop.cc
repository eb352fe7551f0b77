#include "proxy/http/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace larder {
namespace {

epoll_event EventFor(int fd, std::uint32_t generation, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = (std::uint64_t{generation} << 32) | static_cast<std::uint32_t>(fd);
  return event;
}

}  // namespace

Result<std::unique_ptr<EventLoop>> EventLoop::Create() {
  const int epoll_fd = ::epoll_create1(EPOLL_CLOEXEC);
  const int event_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (epoll_fd < 0 || event_fd < 0) {
    const std::string reason = std::strerror(errno);
    if (epoll_fd >= 0) ::close(epoll_fd);
    if (event_fd >= 0) ::close(event_fd);
    return Error{ErrorCode::kIo, ErrorOrigin::kSelf, "cannot make an event loop: " + reason};
  }
  std::unique_ptr<EventLoop> loop(new EventLoop(epoll_fd, event_fd));
  epoll_event event = EventFor(event_fd, 0, EPOLLIN);
  ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &event);
  return loop;
}

EventLoop::~EventLoop() {
  Stop();
  ::close(epoll_fd_);
  ::close(event_fd_);
}

void EventLoop::Start(std::function<void()> on_tick, int tick_ms) {
  on_tick_ = std::move(on_tick);
  tick_ms_ = tick_ms;
  thread_ = std::thread([this] { Run(); });
}

void EventLoop::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  const std::uint64_t one = 1;
  (void)!::write(event_fd_, &one, sizeof(one));
  if (thread_.joinable()) thread_.join();
  std::vector<std::function<void()>> dropped;
  MutexLock lock(mutex_);
  dropped.swap(posted_);
}

void EventLoop::Post(std::function<void()> task) {
  bool first = false;
  {
    MutexLock lock(mutex_);
    if (stopping_) return;
    first = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (!first) return;  // the loop has been woken for those before
  const std::uint64_t one = 1;
  (void)!::write(event_fd_, &one, sizeof(one));
}

Status EventLoop::Watch(int fd, std::uint32_t events, FdHandler handler) {
  const std::uint32_t generation = next_generation_++;
  epoll_event event = EventFor(fd, generation, events);
  if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
    return Error{ErrorCode::kIo, ErrorOrigin::kSelf,
                 std::string("cannot watch a descriptor: ") + std::strerror(errno)};
  }
  handlers_[fd] = {generation, std::make_shared<FdHandler>(std::move(handler))};
  return {};
}

void EventLoop::Rewatch(int fd, std::uint32_t events) {
  const auto found = handlers_.find(fd);
  if (found == handlers_.end()) return;
  epoll_event event = EventFor(fd, found->second.generation, events);
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::Unwatch(int fd) {
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  handlers_.erase(fd);
}

void EventLoop::RunPosted() {
  std::vector<std::function<void()>> tasks;
  {
    MutexLock lock(mutex_);
    tasks.swap(posted_);
  }
  for (auto& task : tasks) task();
}

void EventLoop::Run() {
  std::array<epoll_event, 256> events{};
  auto next_tick = std::chrono::steady_clock::now() + std::chrono::milliseconds(tick_ms_);
  while (true) {
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
    }
    // EINTR and transient failures come back here like a time-out.
    const int count =
        ::epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), tick_ms_);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const int fd = static_cast<int>(event.data.u64 & 0xffffffffU);
      if (fd == event_fd_) {
        std::uint64_t value = 0;
        (void)!::read(event_fd_, &value, sizeof(value));
        continue;
      }
      // An earlier handler of this round may have removed it, and a new one may hold the number.
      const auto found = handlers_.find(fd);
      if (found == handlers_.end() || found->second.generation != event.data.u64 >> 32) continue;
      const auto handler = found->second.handler;
      (*handler)(event.events);
    }
    RunPosted();
    if (const auto now = std::chrono::steady_clock::now(); now >= next_tick) {
      next_tick = now + std::chrono::milliseconds(tick_ms_);
      if (on_tick_) on_tick_();
    }
  }
}

}  // namespace larder
