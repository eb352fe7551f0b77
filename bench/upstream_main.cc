// bench_upstream: plays the model provider on a loopback port, cheaply. Prints the port; ends on
// SIGTERM.

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "bench/arguments.h"
#include "bench/upstream_server.h"

namespace {

larder::bench::UpstreamServer* running = nullptr;  // for the signal handler only

void OnSignal(int /*signal*/) {
  running->Stop();
}

}  // namespace

int main(int argc, char** argv) {
  auto arguments = larder::bench::ReadArguments(
      argc, argv, {{"--port", 0}, {"--dimensions", 1536}, {"--chunks", 16}, {"--interval-ms", 0}});
  const std::size_t dimensions = arguments["--dimensions"];
  if (dimensions % 3 != 0 || dimensions < 195) {
    std::fprintf(stderr, "--dimensions must be a multiple of 3 and at least 195\n");
    return 2;
  }
  larder::bench::Provider provider({dimensions, arguments["--chunks"]});
  larder::bench::UpstreamServer server(provider,
                                       std::chrono::milliseconds(arguments["--interval-ms"]));
  const auto port = server.Listen(static_cast<std::uint16_t>(arguments["--port"]));
  if (port == 0) {
    std::fprintf(stderr, "cannot listen: %s\n", std::strerror(errno));
    return 1;
  }
  running = &server;
  std::signal(SIGTERM, OnSignal);
  std::signal(SIGINT, OnSignal);
  std::printf("%d\n", port);
  std::fflush(stdout);
  server.Run();
  return 0;
}
