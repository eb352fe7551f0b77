// Killed at any moment, again and again: every write that was acknowledged is there at the next
// start, every delete is done, and what was being written is there whole or not at all.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <random>

#include "proxy/search/point_record.h"
#include "tests/proxy/collections_fixture.h"

namespace larder {
namespace {

constexpr int kWriters = 3;
constexpr int kIds = 20;  // of each writer
constexpr int kCycles = 12;
constexpr const char* kDirectoryVariable = "LARDER_TEST_KILLED_DIRECTORY";
constexpr const char* kStartVariable = "LARDER_TEST_KILLED_START";

std::string IdOf(int writer, int number) {
  return "w" + std::to_string(writer) + "-" + std::to_string(number % kIds);
}
// Write number `n` of a writer names two points, and deletes them every fifth time.
bool Deletes(int n) {
  return n % 5 == 4;
}
std::vector<std::string> IdsOf(int writer, int n) {
  return {IdOf(writer, n), IdOf(writer, n + 7)};
}
NewPoint PointOf(const std::string& id, int n) {
  return PointAt(id, n * 7 % 360, std::to_string(n));
}
// What a writer's points say after its writes 0 to `last`.
std::map<std::string, std::string> StateAfter(int writer, int last) {
  std::map<std::string, std::string> texts;
  for (int n = 0; n <= last; ++n) {
    for (const std::string& id : IdsOf(writer, n)) {
      if (Deletes(n)) {
        texts.erase(id);
      } else {
        texts[id] = std::to_string(n);
      }
    }
  }
  return texts;
}

// A larder-data directory with its collections open.
struct Opened {
  explicit Opened(const std::string& directory) {
    RocksDbOptions store_options{directory + "/data"};
    store_options.database = Database::kData;
    auto opened = RocksDbStore::OpenOrReadOnly(store_options, clock);
    if (!opened.ok()) throw std::runtime_error(opened.error().message);
    damage = opened->damage;
    store = std::move(opened->store);
    CollectionsOptions options;
    options.directory = directory + "/index/collections";
    options.exact_below = 20;
    collections = std::make_unique<Collections>(*store, clock, log, options);
    collections->Start();
  }
  SystemClock clock;
  Log log{LogFormat::kText, LogLevel::kError};
  std::string damage;
  std::unique_ptr<Store> store;
  std::unique_ptr<Collections> collections;
};

// The killed one. Tells each acknowledged write as "writer number\n", in one write.
TEST(CollectionsKillTest, DISABLED_WritesUntilItIsKilled) {
  const char* directory = std::getenv(kDirectoryVariable);
  ASSERT_NE(directory, nullptr);
  std::istringstream starts(std::getenv(kStartVariable));
  Opened opened(directory);
  ASSERT_TRUE(opened.collections->Create(kScope, SpecOf("docs")).ok());
  std::vector<std::thread> threads;
  std::atomic<int> acknowledged = 0;
  const auto acknowledge = [&](int writer, int n) {
    const std::string line = std::to_string(writer) + " " + std::to_string(n) + "\n";
    ASSERT_EQ(::write(3, line.data(), line.size()), static_cast<ssize_t>(line.size()));
    ++acknowledged;
    acknowledged.notify_one();
  };
  for (int writer = 0; writer < kWriters; ++writer) {
    int start = 0;
    starts >> start;
    threads.emplace_back([&, writer, start] {
      for (int n = start;; ++n) {
        const std::vector<std::string> ids = IdsOf(writer, n);
        if (Deletes(n)) {
          ASSERT_TRUE(opened.collections->Delete(kScope, "docs", ids).ok());
        } else {
          const std::vector<NewPoint> points = {PointOf(ids[0], n), PointOf(ids[1], n)};
          ASSERT_TRUE(
              opened.collections->Upsert(kScope, "docs", points, UpsertMode::kReplace).ok());
        }
        acknowledge(writer, n);
      }
    });
  }
  // A collection that comes and goes, with points.
  threads.emplace_back([&] {
    std::vector<NewPoint> points;
    for (int i = 0; i < 50; ++i) points.push_back(PointAt("t" + std::to_string(i), i));
    while (true) {
      ASSERT_TRUE(opened.collections->Create(kScope, SpecOf("passing")).ok());
      ASSERT_TRUE(opened.collections->Upsert(kScope, "passing", points, UpsertMode::kReplace).ok());
      ASSERT_TRUE(opened.collections->Drop(kScope, "passing").ok());
    }
  });
  for (int saved = 0;; saved = acknowledged) {
    acknowledged.wait(saved);
    opened.collections->SaveSnapshots();
  }
}

class CollectionsKilledTest : public testing::Test {
 protected:
  // Runs it on from where it was killed until it has told of so many writes, at least 1; takes down
  // what it acknowledged.
  void RunAndKill(std::ptrdiff_t writes) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    std::string starts;
    for (const int acknowledged : acknowledged_) starts += std::to_string(acknowledged + 1) + " ";
    ::setenv(kDirectoryVariable, dir_.path().c_str(), 1);
    ::setenv(kStartVariable, starts.c_str(), 1);
    const pid_t child = ::fork();
    if (child == 0) {
      ::dup2(pipe[1], 3);
      const int quiet = ::open("/dev/null", O_WRONLY);
      ::dup2(quiet, 1);
      ::execl("/proc/self/exe", "killed", "--gtest_also_run_disabled_tests",
              "--gtest_filter=CollectionsKillTest.DISABLED_WritesUntilItIsKilled", nullptr);
      ::_exit(127);
    }
    ::close(pipe[1]);
    std::string told;
    char buffer[4096];
    const auto read_on = [&] {
      const ssize_t count = ::read(pipe[0], buffer, sizeof(buffer));
      if (count > 0) told.append(buffer, static_cast<std::size_t>(count));
      return count > 0;
    };
    while (std::count(told.begin(), told.end(), '\n') < writes) {
      ASSERT_TRUE(read_on()) << "it ended before it had written enough";
    }
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself";
    while (read_on()) {
    }
    ::close(pipe[0]);
    std::istringstream lines(told);
    for (int writer = 0, n = 0; lines >> writer >> n; ++writes_) acknowledged_[writer] = n;
  }

  static std::map<std::string, std::string> StoredBy(int writer, const Collections& collections) {
    std::vector<std::string> ids;
    for (int i = 0; i < kIds; ++i) ids.push_back(IdOf(writer, i));
    const auto points = collections.Get(kScope, "docs", ids, true);
    EXPECT_TRUE(points.ok());
    std::map<std::string, std::string> texts;
    for (const auto& point : *points) {
      if (!point) continue;
      texts[point->id] = point->text;
      EXPECT_EQ(point->values, PointOf(point->id, std::stoi(point->text)).values);
    }
    return texts;
  }

  void ExpectNothingLost() {
    const Opened opened(dir_.path());
    ASSERT_EQ(opened.damage, "");
    const Collections& collections = *opened.collections;
    while (collections.totals().loading > 0) std::this_thread::yield();
    std::map<std::string, std::string> all;
    for (int writer = 0; writer < kWriters; ++writer) {
      const auto stored = StoredBy(writer, collections);
      const int last = acknowledged_[writer];
      EXPECT_TRUE(stored == StateAfter(writer, last) || stored == StateAfter(writer, last + 1))
          << "writer " << writer << " after " << last;
      all.insert(stored.begin(), stored.end());
    }
    // The index holds the same, each point where it was last written to.
    const auto info = collections.Find(kScope, "docs");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->points, all.size());
    Collections::SearchRequest request;
    request.vector = {1, 0};
    request.k = 1000;
    request.exact = true;
    request.with_values = true;
    const auto found = collections.Search(kScope, "docs", request);
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(found->matches.size(), all.size());
    for (const auto& match : found->matches) {
      EXPECT_EQ(all[match.point.id], match.point.text);
      EXPECT_NEAR(match.score, match.point.values[0], 1e-5) << match.point.id;
    }
    ExpectNoPointsOfDropped(opened, all.size());
  }

  static void ExpectNoPointsOfDropped(const Opened& opened, std::size_t of_docs) {
    const auto passing = opened.collections->Find(kScope, "passing");
    const std::size_t expected = of_docs + (passing ? passing->points : 0);
    std::size_t stored = 0;
    const MonoTime deadline = opened.clock.Monotonic() + std::chrono::seconds(20);
    do {
      stored = 0;
      ASSERT_TRUE(opened.store
                      ->ForEach(Family::kPoints, "",
                                [&](auto, auto) {
                                  ++stored;
                                  return true;
                                })
                      .ok());
      if (stored == expected) return;
      std::this_thread::yield();  // they are removed in the background
    } while (opened.clock.Monotonic() < deadline);
    EXPECT_EQ(stored, expected);
  }

  TempDir dir_;
  std::vector<int> acknowledged_ = std::vector<int>(kWriters, -1);
  int writes_ = 0;
};

TEST_F(CollectionsKilledTest, LosesNothingThatWasAcknowledged) {
  std::mt19937 random(20260101);
  for (int cycle = 0; cycle < kCycles; ++cycle) {
    RunAndKill(std::uniform_int_distribution<int>(1, 100)(random));
    if (HasFatalFailure()) return;
    ExpectNothingLost();
    if (HasFailure()) return;
  }
  EXPECT_GT(writes_, kCycles * 3) << "it hardly wrote";
}

}  // namespace
}  // namespace larder
