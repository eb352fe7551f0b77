// bench_search_life FOLDER: what Larder's index does beside plain searches, on the vectors of
// bench/search: filters of all selectivities, searches beside a writer, with dead points and after
// a rebuild, churn, saving and loading. Prints a table each.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "bench/search_data.h"
#include "vector/vector_space.h"

namespace {

using namespace larder;
using bench::Fail;
using bench::SearchData;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kSearched = 10;  // k

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

struct Figures {
  double mean_us = 0;
  double p50_us = 0;
  double p99_us = 0;
  double recall = 1;  // against the exact search
  double exact = 0;   // share of searches that were exact by themselves
};

class Life {
 public:
  Life(const SearchData& data, std::string directory) : data_(data) {
    options_.dim = data.dim();
    options_.directory = std::move(directory);
    std::filesystem::remove_all(options_.directory);
    std::filesystem::create_directories(options_.directory);
    auto made = VectorSpace::Create(options_);
    if (!made.ok()) Fail(made.error().message);
    space_ = std::move(made).value();
  }
  ~Life() {
    space_.reset();
    std::filesystem::remove_all(options_.directory);
  }

  void Build() {
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < data_.count(); ++i) Store(i, i);
    WorkToTheEnd();
    std::printf("build: %.1f s, %.0f bytes per vector\n\n", SecondsSince(begin),
                static_cast<double>(space_->memory_bytes()) / static_cast<double>(data_.count()));
  }

  void Filters() {
    std::printf("| filter matches | mean us | p50 us | p99 us | recall@10 | exact by itself |\n");
    std::printf("|---|---|---|---|---|---|\n");
    for (const double share : {0.0001, 0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0}) {
      const Filter filter = Filter::Compare(Filter::Op::kLt, "n", {share * kNumbers});
      const Figures figures = Measure(&filter, 200, true);
      std::printf("| %g %% | %.0f | %.0f | %.0f | %.4f | %.0f %% |\n", share * 100, figures.mean_us,
                  figures.p50_us, figures.p99_us, figures.recall, figures.exact * 100);
    }
    std::printf("\n");
  }

  void BesideAWriter() {
    const Figures alone = Measure(nullptr, data_.queries(), false);
    std::atomic<bool> done = false;
    std::atomic<std::size_t> inserts = 0;
    std::thread writer([&] {
      for (std::size_t i = 0; !done; ++i) {
        Store(data_.count() + i, i % data_.count());
        space_->Work(1);
        ++inserts;
      }
    });
    const auto begin = Clock::now();
    const Figures beside = Measure(nullptr, data_.queries(), false);
    const double seconds = SecondsSince(begin);
    done = true;
    writer.join();
    std::printf("| searches | mean us | p50 us | p99 us |\n|---|---|---|---|\n");
    std::printf("| alone | %.0f | %.0f | %.0f |\n", alone.mean_us, alone.p50_us, alone.p99_us);
    std::printf("| beside %.0f inserts/s | %.0f | %.0f | %.0f |\n\n",
                static_cast<double>(inserts) / seconds, beside.mean_us, beside.p50_us,
                beside.p99_us);
    for (std::size_t i = 0; i < inserts; ++i) space_->Remove(Id(data_.count() + i));
    WorkToTheEnd();
  }

  void Deletes() {
    const Figures before = Measure(nullptr, data_.queries(), true);
    for (std::size_t i = 0; i < data_.count(); i += 2) space_->Remove(Id(i));
    const Figures half = Measure(nullptr, data_.queries(), true);
    const auto begin = Clock::now();
    WorkToTheEnd();
    const double rebuilt_in = SecondsSince(begin);
    const Figures after = Measure(nullptr, data_.queries(), true);
    std::printf("| | mean us | p99 us | recall@10 |\n|---|---|---|---|\n");
    std::printf("| all live | %.0f | %.0f | %.4f |\n", before.mean_us, before.p99_us,
                before.recall);
    std::printf("| 50 %% dead | %.0f | %.0f | %.4f |\n", half.mean_us, half.p99_us, half.recall);
    std::printf("| built anew in %.1f s | %.0f | %.0f | %.4f |\n\n", rebuilt_in, after.mean_us,
                after.p99_us, after.recall);
    for (std::size_t i = 0; i < data_.count(); i += 2) Store(i, i);
    WorkToTheEnd();
  }

  void Churn() {
    std::printf("churn, 30 %% replaced each round: recall@10");
    for (std::size_t round = 0; round < 10; ++round) {
      for (std::size_t i = round % 3; i < data_.count(); i += 10) {
        for (const std::size_t step : {0, 3, 6}) {
          const std::size_t at = (i + step) % data_.count();
          Store(at, (at + round + 1) % data_.count());
        }
      }
      WorkToTheEnd();
      std::printf(" %.4f", Measure(nullptr, 200, true).recall);
      std::fflush(stdout);
    }
    std::printf("; %.0f bytes per vector\n\n",
                static_cast<double>(space_->memory_bytes()) / static_cast<double>(space_->size()));
  }

  void Restart() {
    const std::string path = options_.directory + "/snapshot";
    auto begin = Clock::now();
    if (const Status saved = space_->Save(path, 1); !saved.ok()) Fail(saved.error().message);
    const double save = SecondsSince(begin);
    space_.reset();
    begin = Clock::now();
    auto loaded = VectorSpace::Load(path, options_);
    if (!loaded.ok()) Fail(loaded.error().message);
    std::printf("save %.2f s, load %.2f s\n", save, SecondsSince(begin));
    space_ = std::move(loaded->space);
  }

  Figures Measure(const Filter* filter, std::size_t queries, bool with_recall) const {
    Figures figures;
    std::vector<double> times;
    std::size_t found = 0;
    std::size_t wanted = 0;
    for (std::size_t q = 0; q < std::min(queries, data_.queries()); ++q) {
      const std::span<const float> query(data_.query(q), data_.dim());
      const auto begin = Clock::now();
      const auto answer = space_->Search(query, {.k = kSearched, .filter = filter});
      times.push_back(SecondsSince(begin) * 1e6);
      if (!answer.ok()) Fail(answer.error().message);
      figures.mean_us += times.back();
      figures.exact += answer->exact ? 1 : 0;
      if (!with_recall) continue;
      const auto exact = space_->Search(query, {.k = kSearched, .exact = true, .filter = filter});
      for (const auto& right : exact->neighbours) {
        ++wanted;
        found += std::count_if(answer->neighbours.begin(), answer->neighbours.end(),
                               [&](const auto& neighbour) { return neighbour.id == right.id; });
      }
    }
    const auto count = static_cast<double>(times.size());
    std::sort(times.begin(), times.end());
    figures.mean_us /= count;
    figures.exact /= count;
    figures.p50_us = times[times.size() / 2];
    figures.p99_us = times[times.size() * 99 / 100];
    if (wanted > 0) figures.recall = static_cast<double>(found) / static_cast<double>(wanted);
    return figures;
  }

 private:
  static constexpr double kNumbers = 1'000'000;

  static std::string Id(std::size_t number) { return std::to_string(number); }
  void Store(std::size_t id, std::size_t row) {
    // Spread evenly over [0, kNumbers), and differently from the order of the rows.
    const auto spread = static_cast<double>(id * 2'654'435'761U % 1'000'000U);
    const Metadata metadata = {{"n", {spread}}};
    const Status stored = space_->Upsert({Id(id), {data_.base(row), data_.dim()}, &metadata});
    if (!stored.ok()) Fail(stored.error().message);
  }
  void WorkToTheEnd() {
    while (space_->Work(1000)) {
    }
  }

  const SearchData& data_;
  VectorSpace::Options options_;
  std::unique_ptr<VectorSpace> space_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2)
    Fail("usage: bench_search_life FOLDER [PART ...]; parts: filters writer deletes churn restart");
  const std::vector<std::string> parts(argv + 2, argv + argc);
  const auto asked = [&](const char* part) {
    return parts.empty() || std::find(parts.begin(), parts.end(), part) != parts.end();
  };
  const std::string folder = argv[1];
  const SearchData data(folder);
  Life life(data, folder + "/larder-life");
  life.Build();
  if (asked("filters")) life.Filters();
  if (asked("writer")) life.BesideAWriter();
  if (asked("deletes")) life.Deletes();
  if (asked("churn")) life.Churn();
  if (asked("restart")) life.Restart();
  const Figures last = life.Measure(nullptr, 1000, true);
  std::printf("searches at the end: mean %.0f us, p50 %.0f, p99 %.0f, recall@10 %.4f\n",
              last.mean_us, last.p50_us, last.p99_us, last.recall);
  return 0;
}
