// bench_httplib: the fastest that a stock cpp-httplib server could be. Answers each POST to
// /v1/embeddings with the body that it got on standard input, and does nothing else. --threads
// connections are served at a time, for httplib gives each a thread of its own. Prints the port;
// ends on SIGTERM.

#include <httplib.h>

#include <cstdio>
#include <limits>
#include <string>

#include "bench/arguments.h"
#include "bench/standard_input.h"

int main(int argc, char** argv) {
  auto arguments = larder::bench::ReadArguments(argc, argv, {{"--port", 0}, {"--threads", 64}});
  const std::string body = larder::bench::StandardInput();
  const std::size_t threads = arguments["--threads"];
  httplib::Server server;
  server.new_task_queue = [threads] { return new httplib::ThreadPool(threads); };
  server.set_keep_alive_max_count(std::numeric_limits<int>::max());
  server.set_tcp_nodelay(true);  // else each answer waits for the acknowledgement of its head
  server.Post("/v1/embeddings", [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(body, "application/json");
  });
  auto port = static_cast<int>(arguments["--port"]);
  if (port == 0) {
    port = server.bind_to_any_port("127.0.0.1");
  } else if (!server.bind_to_port("127.0.0.1", port)) {
    port = -1;
  }
  if (port < 0) {
    std::fprintf(stderr, "cannot listen\n");
    return 1;
  }
  std::printf("%d\n", port);
  std::fflush(stdout);
  return server.listen_after_bind() ? 0 : 1;
}
