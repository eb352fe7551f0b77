#include "proxy/http/event_loop.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

namespace larder {
namespace {

thread_local EventLoop* current = nullptr;

// TLS writes without a flag that would keep the signal away.
void BlockBrokenPipes() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

EventLoop* EventLoop::Current() {
  return current;
}

EventLoop::EventLoop(int epoll_fd, int event_fd)
    : epoll_fd_(epoll_fd),
      event_fd_(event_fd),
      fibers_([this](std::function<void()> task) { Post(std::move(task)); }) {}

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
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // the wake-up
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
  if (current == this) {
    own_posted_.push_back(std::move(task));
    return;
  }
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
  auto watched = std::make_unique<Watched>(Watched{std::move(handler)});
  epoll_event event{};
  event.events = events;
  event.data.ptr = watched.get();
  if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
    return Error{ErrorCode::kIo, ErrorOrigin::kSelf,
                 std::string("cannot watch a descriptor: ") + std::strerror(errno)};
  }
  const auto place = static_cast<std::size_t>(fd);
  if (place >= watched_.size()) watched_.resize(place + 64);
  watched_[place] = std::move(watched);
  return {};
}

void EventLoop::Rewatch(int fd, std::uint32_t events) {
  const auto place = static_cast<std::size_t>(fd);
  if (place >= watched_.size() || watched_[place] == nullptr) return;
  epoll_event event{};
  event.events = events;
  event.data.ptr = watched_[place].get();
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::Unwatch(int fd) {
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  const auto place = static_cast<std::size_t>(fd);
  if (place >= watched_.size() || watched_[place] == nullptr) return;
  watched_[place]->live = false;
  unwatched_.push_back(std::move(watched_[place]));
}

EventLoop::Resident& EventLoop::ResidentOf(const void* owner,
                                           const std::function<std::unique_ptr<Resident>()>& make) {
  auto& resident = residents_[owner];
  if (resident == nullptr) resident = make();
  return *resident;
}

void EventLoop::RunPosted() {
  std::vector<std::function<void()>> tasks;
  {
    MutexLock lock(mutex_);
    tasks.swap(posted_);
  }
  for (auto& task : tasks) task();
  // What these post in turn runs after the next look at the descriptors.
  tasks.clear();
  tasks.swap(own_posted_);
  for (auto& task : tasks) task();
}

void EventLoop::Tick() {
  if (on_tick_) on_tick_();
  for (const auto& [owner, resident] : residents_) resident->OnTick();
  fibers_.OnTick(std::chrono::steady_clock::now());
}

void EventLoop::Run() {
  current = this;
  BlockBrokenPipes();
  std::array<epoll_event, 256> events{};
  auto next_tick = std::chrono::steady_clock::now() + std::chrono::milliseconds(tick_ms_);
  bool woken = true;
  while (true) {
    if (woken) {
      MutexLock lock(mutex_);
      if (stopping_) break;
    }
    // EINTR and transient failures come back here like a time-out.
    const int count = ::epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()),
                                   own_posted_.empty() ? tick_ms_ : 0);
    woken = count <= 0;
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.ptr == nullptr) {
        std::uint64_t value = 0;
        (void)!::read(event_fd_, &value, sizeof(value));
        woken = true;
        continue;
      }
      // An earlier handler of this round may have removed it.
      auto* const watched = static_cast<Watched*>(event.data.ptr);
      if (watched->live) watched->handler(event.events);
    }
    unwatched_.clear();
    RunPosted();
    if (const auto now = std::chrono::steady_clock::now(); now >= next_tick) {
      next_tick = now + std::chrono::milliseconds(tick_ms_);
      Tick();
    }
  }
  // Handlers may own who owns this loop: what is still watched must not keep it for ever.
  std::vector<std::unique_ptr<Watched>> watched;
  watched.swap(watched_);
  watched.clear();
  residents_.clear();
  unwatched_.clear();
  own_posted_.clear();
  current = nullptr;
}

}  // namespace larder
