// PlainLoop: what a PlainEngine keeps on one event loop: its connections there, the requests that
// wait for one, and their time limits. Internal to proxy/upstream. Thread-safety: the loop's
// thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "proxy/upstream/connection_permits.h"
#include "proxy/upstream/plain_connection.h"
#include "proxy/upstream/plain_engine.h"

namespace larder {

// What the loops of one engine share. `clock` is not used once the last loop was shut.
struct PlainShared {
  PlainShared(const PlainEngineOptions& engine_options, const Clock& engine_clock)
      : options(engine_options),
        clock(engine_clock),
        permits(engine_options.max_connections, engine_options.max_queue),
        resolver(engine_clock) {}

  static Error ShuttingDown() {
    return Error{ErrorCode::kCancelled, ErrorOrigin::kSelf, "the server is shutting down"};
  }

  const PlainEngineOptions options;
  const Clock& clock;
  ConnectionPermits permits;
  Resolver resolver;
};

class PlainLoop final : public EventLoop::Resident {
 public:
  static constexpr std::size_t kReceiveBytes = 64UL * 1024;

  // `on_shut` is called once, when it works no more.
  PlainLoop(EventLoop& events, std::shared_ptr<PlainShared> shared,
            std::function<void(PlainLoop&)> on_shut);
  // The loop has stopped: fails what is under way.
  ~PlainLoop() override;

  // Serves `exchange` now, or when a connection comes free; or fails it.
  void Begin(std::shared_ptr<PlainExchange> exchange);
  // Fails what is under way, and all that is begun later (kCancelled).
  void Shut();
  void OnTick() override;

  // A connection's exchange has ended and it could serve another.
  void OnFree(PlainConnection& connection);
  void OnClosed(PlainConnection& connection);
  // An idle connection has ended.
  void OnIdleLost(PlainConnection& connection);

  EventLoop& events() { return events_; }
  const std::shared_ptr<LoopLink>& link() const { return link_; }
  PlainShared& shared() { return *shared_; }
  // Of the last tick.
  MonoTime about_now() const { return about_now_; }
  // What one receive may fill, and decoded bytes; for use within one call.
  std::vector<char>& buffer() { return buffer_; }
  std::string& decoded() { return decoded_; }

 private:
  void OnWake();
  // Begins what waits and can begin.
  void Pump();
  bool TryStart(const std::shared_ptr<PlainExchange>& exchange);
  PlainConnection* TakeIdle(const std::string& authority);
  void CloseOldestIdle();

  EventLoop& events_;
  const std::shared_ptr<PlainShared> shared_;  // by the engine and its other loops
  const std::function<void(PlainLoop&)> on_shut_;
  const std::shared_ptr<LoopLink> link_;  // by exchanges, whose wakers use it
  std::unique_ptr<ConnectionPermits::Seat> seat_;
  // Shared with their own calls on the way.
  std::unordered_map<PlainConnection*, std::shared_ptr<PlainConnection>> connections_;
  std::vector<PlainConnection*> idle_;  // the longest idle first
  std::deque<std::shared_ptr<PlainExchange>> waiting_;
  bool pumping_ = false;
  bool shut_ = false;
  MonoTime about_now_;
  std::vector<char> buffer_;
  std::string decoded_;
};

}  // namespace larder
