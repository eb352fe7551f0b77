// StreamLoad: asks for streamed chat answers over kept connections and measures how each event
// travelled. The sender's time stands in the event ("sent_ns", see provider.h), so both ends must
// be on this machine. One thread, epoll. Thread-safety: one thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/stream_reader.h"

namespace larder::bench {

struct StreamLoadOptions {
  std::uint16_t port = 0;
  std::size_t streams = 1;               // in all
  std::size_t connections = 1;           // each asks again when its answer has ended
  bool same = false;                     // every request is the same one
  std::uint64_t nonce = 0;               // keeps the requests of two loads apart
  std::chrono::microseconds stagger{0};  // between the first requests of two connections
  pid_t server = 0;                      // whose CPU time is read; 0 = nobody's
};

struct StreamLoadResult {
  std::string failure;  // a sentence; empty when every answer was as it should be
  std::uint64_t events = 0;
  // Receipt less sending, of the first event of each answer and of those behind it. An answer from
  // a cache carries the times of its recording: these mean nothing then.
  std::vector<std::chrono::nanoseconds> first;
  std::vector<std::chrono::nanoseconds> later;
  std::vector<std::chrono::nanoseconds> whole;  // from a request to the last byte of its answer
  std::size_t transcripts = 0;                  // how many different ones came
  // Between the first event of the connection that began last and the end of the first answer: the
  // server's user and system time in clock ticks, and the events that arrived.
  long steady_ticks = 0;
  std::uint64_t steady_events = 0;
};

class StreamLoad {
 public:
  explicit StreamLoad(const StreamLoadOptions& options);
  ~StreamLoad();
  StreamLoad(const StreamLoad&) = delete;
  StreamLoad& operator=(const StreamLoad&) = delete;

  // Runs to the end of the last answer, or to the first that fails or stands still for 30 s.
  StreamLoadResult Run();

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Connection {
    int fd = -1;
    StreamReader reader;
    Time asked;
    std::size_t events = 0;      // of the answer that is coming
    std::size_t transcript = 0;  // their digest
    bool done = false;           // the last event said [DONE]
  };

  bool Ask(Connection& connection);
  bool OnReadable(Connection& connection);
  void OnEvent(Connection& connection, const std::string& event, Time now);
  bool Fail(std::string what);

  const StreamLoadOptions options_;
  int epoll_fd_ = -1;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::size_t asked_ = 0;
  std::size_t speaking_ = 0;  // connections whose first answer has begun
  std::vector<std::size_t> digests_;
  StreamLoadResult result_;
};

}  // namespace larder::bench
