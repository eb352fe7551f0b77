// TcpDial: opens one TCP connection on an event loop: the host's addresses one after another, none
// of which may use up the time of those behind it. Thread-safety: the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "proxy/upstream/loop_link.h"
#include "proxy/upstream/resolver.h"

namespace larder {

class TcpDial : public std::enable_shared_from_this<TcpDial> {
 public:
  // Gets a connected, non-blocking socket without delay, which it owns; or why there is none
  // (kUnavailable).
  using Done = std::function<void(Result<int> fd)>;

  // All that is borrowed outlives the dial.
  TcpDial(EventLoop& loop, std::shared_ptr<LoopLink> link, Resolver& resolver, const Clock& clock)
      : loop_(loop), link_(std::move(link)), resolver_(resolver), clock_(clock) {}
  ~TcpDial();

  // `done` is called once, possibly within this call, unless Stop comes first.
  void Start(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout,
             Done done);
  void Stop();
  // Now and then: ends what takes too long.
  void OnTick(MonoTime now);

 private:
  void OnResolved(Result<SocketAddresses> found);
  void TryNext();
  void OnConnected();
  void CloseSocket();
  void Finish(Result<int> fd);

  EventLoop& loop_;
  const std::shared_ptr<LoopLink> link_;  // shared with its loop
  Resolver& resolver_;
  const Clock& clock_;
  std::string host_;
  Done done_;
  MonoTime deadline_{};
  MonoTime attempt_deadline_{};
  SocketAddresses addresses_;
  std::size_t next_ = 0;
  int fd_ = -1;
  std::string reason_ = "no address";  // of the last failure
};

}  // namespace larder
