// RawServer: a loopback server for the tests of clients: each accepted connection runs a script on
// a thread of its own, which reads and writes raw bytes, right or wrong, and breaks off as it
// likes.
//
//   RawServer server([](RawClient& peer) {
//     peer.ReadRequest();
//     peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
//   });                                           // then closed
//   HttpUpstream upstream(server.url(), engine);
//
// Thread-safety: as the script; the rest from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "tests/support/raw_client.h"

namespace larder {

class RawServer {
 public:
  using Script = std::function<void(RawClient& peer)>;

  // Listens on 127.0.0.1, any port. `script` runs once for each connection, which is closed after
  // it.
  explicit RawServer(Script script);
  // Breaks off connections whose script still runs, and waits for the scripts: a script that waits
  // for something but its peer must have got it before.
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  // Reads a request and answers these bytes, as often as the peer asks on one connection.
  static Script Answering(std::string bytes);
  // The same once, then the connection is closed.
  static Script AnsweringOnce(std::string bytes);

  std::uint16_t port() const { return port_; }
  // "http://127.0.0.1:PORT".
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // Connections accepted so far, and the most that were open at one time.
  std::size_t accepted() const { return accepted_; }
  std::size_t most_at_once() const { return most_at_once_; }

  // A port on which nobody listens (until the system gives it to another).
  static std::uint16_t UnusedPort();

 private:
  void Accept();

  const Script script_;
  int listen_fd_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> accepted_{0};
  std::atomic<std::size_t> most_at_once_{0};
  Mutex mutex_;
  bool stopping_ LARDER_GUARDED_BY(mutex_) = false;
  std::vector<int> open_ LARDER_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ LARDER_GUARDED_BY(mutex_);
  std::thread acceptor_;
};

}  // namespace larder
