// soak_traffic: the soak's provider and its clients, in one process.
//   soak_traffic --seconds N [--clients N] [--seed N] [--new-texts N]
// Prints {"upstream":PORT}, waits for a line "PORT" of the Larder before it on stdin, then sends,
// and prints a line of JSON each second and one at the end. Exits 1 when an answer was wrong.

#include <chrono>
#include <cstdio>
#include <iostream>
#include <thread>
#include <vector>

#include "bench/arguments.h"
#include "tests/endurance/soak/traffic.h"
#include "tests/endurance/soak/upstream.h"

namespace {

using larder::soak::kKinds;

void Print(const larder::soak::Tally& tally, const larder::soak::Upstream& upstream, bool last) {
  std::string kinds;
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    kinds += (i == 0 ? "\"" : ",\"") + std::string(kKinds[i].name) +
             "\":" + std::to_string(tally.done[i]);
  }
  std::printf(
      "{\"requests\":%llu,\"cache_hits\":%llu,\"upstream\":%llu,\"wrong\":%llu,\"last\":%s,"
      "\"kinds\":{%s}}\n",
      static_cast<unsigned long long>(tally.requests),
      static_cast<unsigned long long>(tally.cache_hits),
      static_cast<unsigned long long>(upstream.requests()),
      static_cast<unsigned long long>(tally.wrong), last ? "true" : "false", kinds.c_str());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  auto arguments = larder::bench::ReadArguments(
      argc, argv, {{"--seconds", 60}, {"--clients", 16}, {"--seed", 1}, {"--new-texts", 100'000}});
  // It lives as long as the process: its threads are never joined.
  auto& upstream = *new larder::soak::Upstream;
  std::printf("{\"upstream\":%u}\n", upstream.Start());
  std::fflush(stdout);
  unsigned port = 0;
  std::cin >> port;
  larder::soak::Tally tally;
  const auto begin = std::chrono::steady_clock::now();
  const auto end = begin + std::chrono::seconds(arguments["--seconds"]);
  std::vector<std::thread> clients;
  for (std::uint64_t i = 0; i < arguments["--clients"]; ++i) {
    clients.emplace_back([&, seed = arguments["--seed"] * 1000 + i] {
      larder::soak::Client client(static_cast<std::uint16_t>(port), seed, arguments["--new-texts"],
                                  tally);
      while (std::chrono::steady_clock::now() < end) client.Step();
    });
  }
  for (auto next = begin; next < end; next += std::chrono::seconds(1)) {
    std::this_thread::sleep_until(next);
    Print(tally, upstream, false);
  }
  for (std::thread& client : clients) client.join();
  Print(tally, upstream, true);
  return tally.wrong == 0 ? 0 : 1;
}
