// bench_crowd: one crowd of clients, as bench/crowd asks for it. Prints one line of numbers:
//   --slow N --seconds S   "cut-heads cut-bodies cut-unread not-opened"
//   --unread N             "clients" when nothing more is taken from them; stays until SIGTERM
//   --idle N               "clients" once each has had an answer; stays until SIGTERM
//   --burst N              "answered refused failed milliseconds"

#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "bench/arguments.h"
#include "bench/crowd.h"
#include "bench/slow_clients.h"

namespace {

volatile bool stop = false;  // for the signal handler only

void OnSignal(int /*signal*/) {
  stop = true;
}

void StayUntilStopped() {
  std::fflush(stdout);
  while (!stop) ::usleep(10'000);
}

}  // namespace

int main(int argc, char** argv) {
  using larder::bench::SlowClients;
  using Kind = SlowClients::Kind;
  auto arguments = larder::bench::ReadArguments(argc, argv,
                                                {{"--port", 0},
                                                 {"--seconds", 5},
                                                 {"--slow", 0},
                                                 {"--unread", 0},
                                                 {"--idle", 0},
                                                 {"--burst", 0}});
  const auto port = static_cast<std::uint16_t>(arguments["--port"]);
  const std::chrono::seconds seconds(arguments["--seconds"]);
  std::signal(SIGTERM, OnSignal);
  std::signal(SIGINT, OnSignal);
  if (const std::size_t count = arguments["--slow"]; count > 0) {
    SlowClients clients(port, count);
    clients.Run(seconds, stop);
    std::printf("%zu %zu %zu %zu\n", clients.cut(Kind::kHead), clients.cut(Kind::kBody),
                clients.cut(Kind::kUnread), clients.not_opened());
  }
  if (const std::size_t count = arguments["--unread"]; count > 0) {
    SlowClients clients(port, count, Kind::kUnread);
    clients.Run(seconds, stop);
    std::printf("%zu\n", count - clients.not_opened());
    StayUntilStopped();
  }
  if (const std::size_t count = arguments["--idle"]; count > 0) {
    const larder::bench::IdleCrowd crowd(port, count);
    std::printf("%zu\n", crowd.count());
    StayUntilStopped();
  }
  if (const std::size_t count = arguments["--burst"]; count > 0) {
    const auto result = larder::bench::RunBurst(port, count, seconds);
    std::printf("%zu %zu %zu %lld\n", result.answered, result.refused, result.failed,
                static_cast<long long>(result.took.count()));
  }
  return 0;
}
