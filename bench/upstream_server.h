// UpstreamServer: the stand-in provider on a loopback port. One thread, epoll, keep-alive.
// Thread-safety: one thread; Stop may also be called from a signal handler.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "bench/provider.h"

namespace larder::bench {

class UpstreamServer {
 public:
  // `stream_interval`: before each event of a stream but the first; 0 = all at once.
  UpstreamServer(Provider& provider, std::chrono::milliseconds stream_interval)
      : provider_(provider), stream_interval_(stream_interval) {}
  ~UpstreamServer();
  UpstreamServer(const UpstreamServer&) = delete;
  UpstreamServer& operator=(const UpstreamServer&) = delete;

  // Listens on 127.0.0.1; port 0 takes any free one. Returns the port, 0 on failure (see errno).
  std::uint16_t Listen(std::uint16_t port);
  // Serves until Stop.
  void Run();
  void Stop();

 private:
  struct Connection {
    int fd = -1;
    std::uint64_t serial = 0;  // tells it from a later one with the same descriptor
    std::string in;
    std::string out;
    std::size_t sent = 0;
    bool told_to_continue = false;
    bool close_after = false;
    bool waits_for_room = false;
    bool streaming = false;
    std::size_t next_event = 0;
  };
  // A stream's next event. All wait equally long, so the oldest is due first.
  struct Due {
    std::chrono::steady_clock::time_point when;
    int fd;
    std::uint64_t serial;
  };

  void Accept();
  void OnReadable(Connection& connection);
  void AnswerWhatArrived(Connection& connection);
  void StreamOn(Connection& connection);
  void RunDue();
  int MillisToNextDue() const;
  void Flush(Connection& connection);
  void Close(Connection& connection);

  Provider& provider_;
  const std::chrono::milliseconds stream_interval_;
  int listen_fd_ = -1;
  int epoll_fd_ = -1;
  int stop_fd_ = -1;
  std::uint64_t next_serial_ = 1;
  std::unordered_map<int, std::unique_ptr<Connection>> connections_;
  std::deque<Due> due_;
  std::string decoded_;
};

}  // namespace larder::bench
