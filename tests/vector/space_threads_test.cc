// A VectorSpace under many threads: what a search answers is always something that was stored.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <thread>

#include "tests/support/reference_space.h"
#include "tests/support/sanitized.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vector_samples.h"
#include "vector/vector_space.h"

namespace larder {
namespace {

constexpr std::size_t kDim = 16;
constexpr std::size_t kStable = 300;    // stored at first and never touched
constexpr std::size_t kGone = 100;      // removed before the threads begin
constexpr std::size_t kMoving = 1'500;  // stored, replaced and removed meanwhile
constexpr std::size_t kVersions = 3;    // vectors that a moving point alternates between
constexpr std::size_t kGrowth = 2'500;  // beyond the first capacity
constexpr std::size_t kSteps = kSanitized ? 1'500 : 6'000;

class SpaceThreadsTest : public testing::TestWithParam<std::tuple<Metric, Storage>> {
 protected:
  SpaceThreadsTest() : reference_(std::get<0>(GetParam())) {
    options_ = {.dim = kDim,
                .metric = std::get<0>(GetParam()),
                .storage = std::get<1>(GetParam()),
                .m = 6,
                .ef_construction = 24,
                .exact_below = 200,
                .tail = 400,
                .directory = dir_.path()};
    space_ = std::move(VectorSpace::Create(options_)).value();
    for (std::size_t i = 0; i < kGone; ++i) Store("gone", i, 0);
    for (std::size_t i = 0; i < kStable; ++i) Store("stable", i, 0);
    for (std::size_t i = 0; i < kMoving; ++i) Store("moving", i, 0);
    for (std::size_t i = 0; i < kGone; ++i) EXPECT_TRUE(space_->Remove(Id("gone", i)));
  }

  static std::string Id(const char* kind, std::size_t i) { return kind + std::to_string(i); }
  static std::vector<float> VectorOf(const std::string& id, std::size_t version) {
    return VectorSamples(std::hash<std::string>{}(id)*kVersions + version).Random(kDim);
  }
  void Store(const char* kind, std::size_t i, std::size_t version) {
    const std::string id = Id(kind, i);
    const Metadata metadata = {{"kind", {std::string(kind)}},
                               {"version", {static_cast<double>(version)}}};
    const Status status = space_->Upsert({id, VectorOf(id, version), &metadata});
    EXPECT_TRUE(status.ok()) << status.error().message;
  }

  // Adds a thread that calls `step` until the writers are done.
  void Beside(std::function<void(VectorSamples&)> step) {
    threads_.emplace_back([this, step = std::move(step), seed = threads_.size()] {
      VectorSamples samples(100 + seed);
      while (!done_) step(samples);
    });
  }
  // Adds a thread that calls `step` so many times; all are over when those are.
  void Writer(std::size_t steps, std::function<void(VectorSamples&)> step) {
    ++writing_;
    threads_.emplace_back([this, steps, step = std::move(step), seed = threads_.size()] {
      VectorSamples samples(100 + seed);
      for (std::size_t i = 0; i < steps; ++i) step(samples);
      if (--writing_ == 0) done_ = true;
    });
  }
  void Join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  void ReplaceOne(VectorSamples& samples) {
    Store("moving", samples.Below(kMoving), samples.Below(kVersions));
  }
  void RemoveOne(VectorSamples& samples) {
    static_cast<void>(space_->Remove(Id("moving", samples.Below(kMoving))));
  }

  void SearchOnce(VectorSamples& samples) {
    const std::vector<float> query = samples.Random(kDim);
    const Filter stable = Filter::Compare(Filter::Op::kEq, "kind", {std::string("stable")});
    SearchOptions options = {.k = 1 + samples.Below(20), .exact = samples.Below(3) == 0};
    const bool filtered = samples.Below(4) == 0;
    if (filtered) options.filter = &stable;
    const auto answer = space_->Search(query, options);
    ASSERT_TRUE(answer.ok());
    ASSERT_FALSE(answer->neighbours.empty());
    if (filtered) {
      ASSERT_EQ(answer->neighbours.size(), options.k);
    }
    std::set<std::string> seen;
    const float* last = nullptr;
    for (const auto& [id, score] : answer->neighbours) {
      ASSERT_TRUE(seen.insert(id).second) << id << " is there twice";
      ASSERT_TRUE(id.starts_with("stable") || (!filtered && id.starts_with("moving"))) << id;
      ASSERT_TRUE(IsScoreOf(id, query, score)) << id << ' ' << score;
      if (last != nullptr) {
        ASSERT_TRUE(IsDistance(options_.metric) ? *last <= score : *last >= score) << id;
      }
      last = &score;
    }
  }
  bool IsScoreOf(const std::string& id, const std::vector<float>& query, float score) const {
    for (std::size_t version = 0; version < kVersions; ++version) {
      if (std::abs(reference_.Score(VectorOf(id, version), query) - score) < 1e-4) return true;
      if (id.starts_with("stable")) break;
    }
    return false;
  }
  // What is never touched is found all the time.
  void FindAStableOne(VectorSamples& samples) {
    const std::string id = Id("stable", samples.Below(kStable));
    const auto vector = VectorOf(id, 0);
    ASSERT_TRUE(space_->Contains(id));
    ASSERT_TRUE(space_->VectorOf(id));
    ASSERT_NEAR(reference_.Score(*space_->VectorOf(id), vector), reference_.Score(vector, vector),
                options_.metric == Metric::kCosine ? 1e-5 : 0);
    if (options_.metric == Metric::kDot) return;
    const auto answer = space_->Search(vector, {.k = 1, .exact = true});
    ASSERT_EQ(answer->neighbours.size(), 1U);
    ASSERT_EQ(answer->neighbours[0].id, id);
  }
  void ExpectWhole() {
    while (space_->Work(100)) {
    }
    VectorSamples samples(7);
    for (int i = 0; i < 20; ++i) SearchOnce(samples);
    for (int i = 0; i < 20; ++i) FindAStableOne(samples);
    EXPECT_EQ(space_->Ids().size(), space_->size());
    const auto all = space_->Search(samples.Random(kDim), {.k = 100'000});
    EXPECT_EQ(all->neighbours.size(), space_->size());
  }

  const TempDir dir_;
  VectorSpace::Options options_;
  ReferenceSpace reference_;
  std::unique_ptr<VectorSpace> space_;
  std::vector<std::thread> threads_;
  std::atomic<int> writing_ = 0;
  std::atomic<bool> done_ = false;
};

TEST_P(SpaceThreadsTest, SearchesAreRightBesideWritersAndWork) {
  Writer(kSteps, [this](auto& samples) { ReplaceOne(samples); });
  Writer(kSteps / 2, [this](auto& samples) { RemoveOne(samples); });
  Beside([this](auto& samples) { SearchOnce(samples); });
  Beside([this](auto& samples) { FindAStableOne(samples); });
  Beside([this](auto& samples) { space_->Work(1 + samples.Below(20)); });
  Join();
  ExpectWhole();
}

TEST_P(SpaceThreadsTest, SearchesAreRightBesideGrowth) {
  // Growth into a file, and a tail that is full nearly all the time.
  std::atomic<std::size_t> next = 0;
  for (int i = 0; i < 2; ++i) {
    Writer(kGrowth / 2,
           [&](auto& samples) { Store("moving", kMoving + next++, samples.Below(kVersions)); });
  }
  Beside([this](auto& samples) { SearchOnce(samples); });
  Beside([this](auto& samples) { FindAStableOne(samples); });
  Join();
  EXPECT_EQ(space_->size(), kStable + kMoving + kGrowth);
  ExpectWhole();
}

TEST_P(SpaceThreadsTest, SnapshotsAreWholeBesideWritersAndWork) {
  const std::string path = dir_.path() + "/snapshot";
  Writer(kSteps, [this](auto& samples) { ReplaceOne(samples); });
  Writer(kSteps / 2, [this](auto& samples) { RemoveOne(samples); });
  Beside([this](auto& samples) { space_->Work(1 + samples.Below(200)); });
  Beside([&](auto&) { ASSERT_TRUE(space_->Save(path, 1).ok()); });
  Beside([this](auto& samples) { SearchOnce(samples); });
  Join();
  ExpectWhole();
  const std::vector<std::string> ids = space_->Ids();
  ASSERT_TRUE(space_->Save(path, 2).ok());
  space_.reset();
  auto loaded = VectorSpace::Load(path, options_);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  space_ = std::move(loaded->space);
  EXPECT_EQ(space_->Ids(), ids);
  for (const std::string& id : ids) {
    const Metadata metadata = {{"kind", {std::string(id.starts_with("stable") ? "stable" : "")}}};
    EXPECT_TRUE(space_->SetMetadata(id, metadata));
  }
  ExpectWhole();
}

TEST_P(SpaceThreadsTest, EverythingElseMayBeCalledBeside) {
  Writer(kSteps / 2, [this](auto& samples) { ReplaceOne(samples); });
  Writer(kSteps / 4, [this](auto& samples) {
    const std::string id = Id("moving", samples.Below(kMoving));
    static_cast<void>(space_->SetMetadata(
        id, {{"kind", {std::string("moving")}}, {"n", {static_cast<double>(samples.Below(50))}}}));
    if (samples.Below(3) == 0) RemoveOne(samples);
  });
  Beside([this](auto& samples) { space_->Work(1 + samples.Below(50)); });
  Beside([this](auto& samples) { SearchOnce(samples); });
  Beside([this](auto&) {
    const Filter few = Filter::Compare(Filter::Op::kLt, "n", {10.0});
    for (const std::string& id : space_->Matching(few)) ASSERT_TRUE(id.starts_with("moving"));
    ASSERT_GE(space_->Ids().size(), kStable);
    ASSERT_LE(space_->size(), kStable + kMoving);
    ASSERT_GT(space_->memory_bytes(), kStable * kDim);
    ASSERT_GT(space_->UpsertBytes(5), kDim);
    ASSERT_LE(space_->progress().waiting, 100'000U);
    space_->Reclaim();
  });
  Join();
  ExpectWhole();
}

INSTANTIATE_TEST_SUITE_P(All, SpaceThreadsTest,
                         testing::Values(std::tuple(Metric::kCosine, Storage::kInt8),
                                         std::tuple(Metric::kEuclidean, Storage::kFloat32),
                                         std::tuple(Metric::kDot, Storage::kBf16)),
                         [](const auto& info) {
                           return std::string(MetricName(std::get<0>(info.param))) + "_" +
                                  std::string(StorageName(std::get<1>(info.param)));
                         });

}  // namespace
}  // namespace larder
