// bench_search_data: writes the folder that search_data.h describes, and data.json, which says what
// the data is like and comes last: a folder that has it is whole. Prints it too.
//   bench_search_data FOLDER [--count N] [--dim N] [--queries N] [--clusters N] [--seed N] ...

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "bench/arguments.h"
#include "bench/search_data.h"
#include "bench/search_points.h"
#include "bench/search_truth.h"

namespace {

using namespace larder::bench;

void WriteFile(const std::string& path, const void* data, std::size_t size, const char* mode) {
  std::FILE* file = std::fopen(path.c_str(), mode);
  if (file == nullptr || std::fwrite(data, 1, size, file) != size || std::fclose(file) != 0) {
    Fail("cannot write " + path);
  }
}

// Points `first` to `first` + `count`, row by row.
void WritePoints(const std::string& path, const ClusteredPoints& points, std::uint64_t first,
                 std::size_t count, std::size_t dim, std::size_t threads) {
  constexpr std::size_t kChunk = 10'000;
  std::vector<float> chunk;
  WriteFile(path, nullptr, 0, "wb");
  for (std::size_t done = 0; done < count; done += kChunk) {
    const std::size_t rows = std::min(kChunk, count - done);
    chunk.resize(rows * dim);
    std::vector<std::jthread> workers;
    for (std::size_t worker = 0; worker < threads; ++worker) {
      workers.emplace_back([&, worker] {
        const std::size_t end = rows * (worker + 1) / threads;
        for (std::size_t row = rows * worker / threads; row < end; ++row) {
          points.Draw(first + done + row, &chunk[row * dim]);
        }
      });
    }
    workers.clear();
    WriteFile(path, chunk.data(), chunk.size() * sizeof(float), "ab");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') Fail("usage: bench_search_data FOLDER [--NAME N ...]");
  auto arguments = ReadArguments(argc - 1, argv + 1,
                                 {{"--count", 100'000},
                                  {"--dim", 768},
                                  {"--queries", 1000},
                                  {"--clusters", 20},
                                  {"--directions", 28},
                                  {"--seed", 1},
                                  {"--threads", 2}});
  const std::string folder = argv[1];
  const std::size_t count = arguments["--count"], dim = arguments["--dim"];
  const std::size_t queries = arguments["--queries"], threads = arguments["--threads"];
  const std::size_t k = SearchData::kNeighbours;
  if (count < 1000 || count > 1u << 31 || dim < 2 || queries < 1 || arguments["--clusters"] < 1 ||
      arguments["--directions"] < 1 || threads < 1) {
    Fail("needs at least 1000 vectors of 2 dimensions, and one of everything else");
  }
  std::filesystem::create_directories(folder);
  std::filesystem::remove(folder + "/data.json");
  {
    const ClusteredPoints points(
        {dim, arguments["--clusters"], arguments["--directions"], arguments["--seed"]});
    WritePoints(folder + "/base.f32", points, 0, count, dim, threads);
    // Far behind the base, so that more vectors are the same and some more, with the same queries.
    WritePoints(folder + "/queries.f32", points, 1ull << 40, queries, dim, threads);
  }
  const MappedFile base(folder + "/base.f32"), query(folder + "/queries.f32");
  const ExactNeighbours exact =
      FindExactNeighbours(base.as<float>(), count, query.as<float>(), queries, dim, k, threads);
  WriteFile(folder + "/truth.u32", exact.ids.data(), exact.ids.size() * sizeof(std::uint32_t),
            "wb");
  std::vector<double> nearest;
  for (std::size_t q = 0; q < queries; ++q) nearest.push_back(exact.similarities[q * k]);
  std::sort(nearest.begin(), nearest.end());
  char text[400];
  const int length = std::snprintf(
      text, sizeof(text),
      "{\"count\": %zu, \"dim\": %zu, \"queries\": %zu, \"clusters\": %zu, \"directions\": %zu, "
      "\"seed\": %zu, "
      "\"local_intrinsic_dimension\": %.1f, \"nearest_cosine\": {\"p10\": %.3f, \"p50\": %.3f, "
      "\"p90\": %.3f}}\n",
      count, dim, queries, static_cast<std::size_t>(arguments["--clusters"]),
      static_cast<std::size_t>(arguments["--directions"]),
      static_cast<std::size_t>(arguments["--seed"]), LocalIntrinsicDimension(exact),
      nearest[queries / 10], nearest[queries / 2], nearest[queries * 9 / 10]);
  WriteFile(folder + "/data.json", text, static_cast<std::size_t>(length), "wb");
  std::fputs(text, stdout);
  return 0;
}
