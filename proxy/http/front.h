// Front: listens, accepts, spreads connections over event loops. A request is answered on its loop
// (fast_lane.h), or its handler runs as a fiber there or on a worker; the loops never block. Idle
// connections, slow senders, streams and what waits for upstream cost no thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "proxy/http/connection.h"
#include "proxy/http/tls_server.h"

namespace larder {

struct FrontOptions {
  std::string host = "127.0.0.1";  // an address, or a name that resolves to one
  std::uint16_t port = 8787;       // 0 = any free port
  std::size_t loops = 0;           // event loops; 0 = one per core
  std::size_t max_connections = 20'000;
  std::size_t max_requests = 4096;  // on fibers, all loops together; the next is refused
  TlsOptions tls;                   // plain HTTP unless enabled
  WorkerPoolOptions workers;
  ConnectionOptions connection;
};

// Thread-safety: Start, Drain and Stop from one thread; the rest from any.
class Front {
 public:
  // `handler` and `clock` outlive the front.
  Front(FrontOptions options, HttpHandler& handler, const Clock& clock);
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  // Binds and serves. Errors: kUnavailable (address in use, not this machine's), kIo, those of
  // TlsServer::Load.
  Status Start();
  // The port that was bound. Precondition: Start succeeded.
  std::uint16_t port() const { return port_; }

  // Stops listening and lets requests in flight finish, at most until `deadline`.
  // True when every request finished.
  bool Drain(MonoTime deadline);
  // Closes every connection and waits for handlers that still run: have what they wait for end
  // first.
  void Stop();

  // Reads the certificate again, for connections to come. Errors: as TlsServer::Reload.
  Status ReloadCertificate();

  std::size_t connections() const { return connections_.load(std::memory_order_relaxed); }
  const WorkerPool& workers() const { return workers_; }

 private:
  struct Loop {
    Loop() = default;
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    std::unique_ptr<EventLoop> events;
    std::unordered_map<int, std::shared_ptr<Connection>>
        connections;  // shared with tasks under way
    bool accepting = false;
    int spare_fd = -1;  // given up for a client that could not be told otherwise
  };

  Status Bind();
  Status MakeLoops();
  void Accept(Loop& loop);
  void PauseAccepting(Loop& loop);
  // No descriptor is left. True when one was made free, or the client that waits was told.
  bool MakeRoom(Loop& loop);
  void Tick(Loop& loop);
  // Runs `task` on each loop's thread, one after another, and waits for it.
  void RunOnLoops(const std::function<void(Loop&)>& task);
  // Answers 503 on a connection that is one too many, and closes it.
  void Refuse(int fd, std::string_view why) const;
  void AddConnection(Loop& loop, int fd, std::string peer);

  const FrontOptions options_;
  HttpHandler& handler_;
  const Clock& clock_;
  WorkerPool workers_;
  std::unique_ptr<TlsServer> tls_;  // null: plain HTTP
  std::atomic<bool> draining_{false};
  std::atomic<std::size_t> connections_{0};
  ConnectionContext context_;
  int listen_fd_ = -1;
  std::uint16_t port_ = 0;
  std::vector<std::unique_ptr<Loop>> loops_;
};

}  // namespace larder
