// bench_stream: see stream_load.h. Prints one line, "RESULT streams events first_p50 first_p99
// later_p50 later_p99 whole_p50 whole_max steady_ns steady_events transcripts", times in
// nanoseconds. Exits 1 at the first answer that is not as it should be.

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "bench/arguments.h"
#include "bench/stream_load.h"

namespace {

// The value below which `part` (0 to 1) of `values` lie; 0 when there are none.
long long Percentile(std::vector<std::chrono::nanoseconds>& values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto place = static_cast<std::size_t>(part * static_cast<double>(values.size() - 1) + 0.5);
  return values[place].count();
}

}  // namespace

int main(int argc, char** argv) {
  auto arguments = larder::bench::ReadArguments(argc, argv,
                                                {{"--port", 0},
                                                 {"--streams", 1},
                                                 {"--connections", 1},
                                                 {"--same", 0},
                                                 {"--nonce", 0},
                                                 {"--stagger-us", 0},
                                                 {"--pid", 0}});
  larder::bench::StreamLoadOptions options;
  options.port = static_cast<std::uint16_t>(arguments["--port"]);
  options.streams = arguments["--streams"];
  options.connections = std::min(arguments["--connections"], arguments["--streams"]);
  options.same = arguments["--same"] != 0;
  options.nonce = arguments["--nonce"];
  options.stagger = std::chrono::microseconds(arguments["--stagger-us"]);
  options.server = static_cast<pid_t>(arguments["--pid"]);
  auto result = larder::bench::StreamLoad(options).Run();
  if (!result.failure.empty()) {
    std::fprintf(stderr, "bench_stream: %s\n", result.failure.c_str());
    return 1;
  }
  const long long steady_ns = result.steady_ticks * (1'000'000'000LL / ::sysconf(_SC_CLK_TCK));
  std::printf("RESULT %zu %llu %lld %lld %lld %lld %lld %lld %lld %llu %zu\n", result.whole.size(),
              static_cast<unsigned long long>(result.events), Percentile(result.first, 0.5),
              Percentile(result.first, 0.99), Percentile(result.later, 0.5),
              Percentile(result.later, 0.99), Percentile(result.whole, 0.5),
              Percentile(result.whole, 1), steady_ns,
              static_cast<unsigned long long>(result.steady_events), result.transcripts);
  return 0;
}
