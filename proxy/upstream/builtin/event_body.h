// EventBody: the body of a streamed reply, rendered one server-sent event at a time as it is read,
// so that a relay sees pieces and a long answer is never held whole. Thread-safety: as BodySource.
// With a delay, a thread of its own lives from the first kWait until the body is destroyed, which
// must not happen inside the waker.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "proxy/http/body.h"

namespace larder::builtin {

class EventBody final : public BodySource {
 public:
  // `render(i)` gives event i of `count`, not empty; it is called once for each, in order. The
  // first is due at once, each other `delay` after the last byte before it was taken; 0 means
  // always due.
  EventBody(std::size_t count, std::function<std::string(std::size_t)> render,
            std::chrono::milliseconds delay);
  ~EventBody() override;

  // Appends bytes of one event only, however large `max_bytes` is.
  ReadState TryRead(std::size_t max_bytes, std::string& out) override;
  void SetWaker(std::function<void()> waker) override;
  Error error() const override { return InternalError("a built-in stream cannot break off"); }

 private:
  class Timer;

  const std::size_t count_;
  const std::function<std::string(std::size_t)> render_;
  const std::chrono::milliseconds delay_;
  std::string event_;
  std::size_t position_ = 0;  // of the first byte of event_ not yet read
  std::size_t next_ = 0;      // the event after event_
  MonoTime due_{};
  std::unique_ptr<Timer> timer_;  // null without a delay
};

}  // namespace larder::builtin
