#include "bench/search_index.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <vector>

#include "bench/arguments.h"

namespace larder::bench {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double CpuSecondsSince(std::clock_t start) {
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

// What the process has allocated and touched. What the allocator only keeps is given back first.
double AnonymousBytes() {
  ::malloc_trim(0);
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::stod(line.substr(8)) * 1024;
  }
  Fail("/proc/self/status has no RssAnon");
}

// How many of the k that `ids` holds are among the k nearest of query `q`.
std::size_t Right(const SearchData& data, std::size_t q, const std::uint32_t* ids,
                  std::size_t found) {
  const std::uint32_t* truth = data.truth(q);
  return static_cast<std::size_t>(std::count_if(ids, ids + found, [&](std::uint32_t id) {
    return std::find(truth, truth + SearchedIndex::k, id) != truth + SearchedIndex::k;
  }));
}

void Run(SearchedIndex& index, const SearchData& data, std::size_t ef) {
  constexpr std::size_t k = SearchedIndex::k;
  std::vector<std::uint32_t> ids(data.queries() * k);
  std::vector<std::size_t> found(data.queries());
  std::vector<double> micros(data.queries());
  index.SetEf(ef);
  const std::clock_t cpu_start = std::clock();
  const auto start = Clock::now();
  for (std::size_t q = 0; q < data.queries(); ++q) {
    const auto before = Clock::now();
    found[q] = index.Search(data.query(q), &ids[q * k]);
    micros[q] = SecondsSince(before) * 1e6;
  }
  const double seconds = SecondsSince(start);
  const double cpu_micros = CpuSecondsSince(cpu_start) * 1e6;
  std::size_t right = 0;
  for (std::size_t q = 0; q < data.queries(); ++q) right += Right(data, q, &ids[q * k], found[q]);
  std::sort(micros.begin(), micros.end());
  const auto queries = static_cast<double>(data.queries());
  std::printf(
      "{\"ef\": %zu, \"qps\": %.1f, \"recall\": %.5f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
      "\"cpu_us\": %.1f}\n",
      ef, queries / seconds, static_cast<double>(right) / (queries * k), micros[data.queries() / 2],
      micros[data.queries() * 99 / 100], cpu_micros / queries);
}

// False at the end.
bool Answer(SearchedIndex& index, const SearchData& data, const std::string& line) {
  std::istringstream words(line);
  std::string command, path;
  words >> command;
  if (command == "quit") return false;
  if (std::size_t ef = 0; command == "run" && words >> ef && ef > 0) {
    Run(index, data, ef);
    return true;
  }
  words >> path;
  const auto start = Clock::now();
  if (command == "save" && !path.empty()) {
    if (index.Save(path)) {
      std::printf("{\"seconds\": %.3f, \"bytes\": %ju}\n", SecondsSince(start),
                  static_cast<std::uintmax_t>(std::filesystem::file_size(path)));
    } else {
      std::printf("{\"seconds\": null}\n");
    }
  } else if (command == "load" && !path.empty()) {
    index.Load(path);
    std::printf("{\"seconds\": %.3f}\n", SecondsSince(start));
  } else {
    Fail("no such command: " + line);
  }
  return true;
}

}  // namespace

int ServeIndex(int argc, char** argv,
               const std::function<std::unique_ptr<SearchedIndex>(
                   std::string_view variant, const SearchData&, const BuildOptions&)>& make) {
  if (argc < 3) Fail("usage: VARIANT FOLDER [--m N] [--ef-construction N]");
  const std::string variant = argv[1];
  auto arguments = ReadArguments(argc - 2, argv + 2, {{"--m", 16}, {"--ef-construction", 200}});
  const BuildOptions options = {arguments["--m"], arguments["--ef-construction"]};
  try {
    const SearchData data(argv[2]);
    const double before = AnonymousBytes();
    const std::clock_t cpu_start = std::clock();
    const auto start = Clock::now();
    const auto index = make(variant, data, options);
    if (!index) Fail("no such variant: " + variant);
    index->Build();
    const double seconds = SecondsSince(start);
    const double cpu_seconds = CpuSecondsSince(cpu_start);
    std::printf(
        "{\"name\": \"%s\", \"note\": \"%s\", \"build_s\": %.2f, \"build_cpu_s\": %.2f, "
        "\"bytes_per_vector\": %.0f}\n",
        index->name().c_str(), index->note().c_str(), seconds, cpu_seconds,
        (AnonymousBytes() - before) / static_cast<double>(data.count()));
    std::fflush(stdout);
    for (std::string line; std::getline(std::cin, line) && Answer(*index, data, line);) {
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    Fail(error.what());
  }
  return 0;
}

}  // namespace larder::bench
