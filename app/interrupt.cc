#include "app/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>

namespace larder {
namespace {

// A signal handler can reach nothing else: the descriptor of the object that OnSignals made.
std::atomic<int> signalled_fd{-1};

void WakeByFd(int fd) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(fd, &one, sizeof(one));
}

void OnSignal(int /*signal*/) {
  if (const int fd = signalled_fd.load(); fd >= 0) WakeByFd(fd);
}

bool Readable(int fd, int other, int timeout_ms) {
  pollfd fds[2] = {{fd, POLLIN, 0}, {other, POLLIN, 0}};
  const int ready = ::poll(fds, other < 0 ? 1 : 2, timeout_ms);
  return ready > 0 && (fds[0].revents & POLLIN) != 0;
}

}  // namespace

Interrupt::Interrupt()
    : event_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      watcher_([this] { Watch(); }) {}

std::unique_ptr<Interrupt> Interrupt::OnSignals() {
  auto interrupt = std::make_unique<Interrupt>();
  interrupt->on_signals_ = true;
  signalled_fd = interrupt->event_fd_;
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESETHAND;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  return interrupt;
}

Interrupt::~Interrupt() {
  if (on_signals_) {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    signalled_fd = -1;
  }
  WakeByFd(stop_fd_);
  watcher_.join();
  // A handler may still be at it on another thread, and the number must not be another's by then:
  // of signals there is one object a process.
  if (!on_signals_) ::close(event_fd_);
  ::close(stop_fd_);
}

void Interrupt::Trigger() {
  WakeByFd(event_fd_);
}

bool Interrupt::triggered() const {
  return Readable(event_fd_, -1, 0);
}

bool Interrupt::WaitUntil(MonoTime deadline) const {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return triggered();
    if (Readable(event_fd_, -1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)))) {
      return true;
    }
  }
}

void Interrupt::Watch() {
  bool triggered = false;
  while (true) {
    if (!triggered) {
      triggered = Readable(event_fd_, stop_fd_, -1);
    }
    if (Readable(stop_fd_, -1, 0)) return;
    if (!triggered) continue;
    {
      MutexLock lock(mutex_);
      for (const auto& wake : listeners_) wake();
    }
    if (Readable(stop_fd_, -1, 50)) return;
  }
}

Interrupt::Listener::Listener(Interrupt& interrupt, std::function<void()> wake)
    : interrupt_(interrupt) {
  MutexLock lock(interrupt_.mutex_);
  place_ = interrupt_.listeners_.insert(interrupt_.listeners_.end(), std::move(wake));
}

Interrupt::Listener::~Listener() {
  MutexLock lock(interrupt_.mutex_);
  interrupt_.listeners_.erase(place_);
}

}  // namespace larder
