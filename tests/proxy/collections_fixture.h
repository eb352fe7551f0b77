// Collections over a store that outlives them, so that tests can start them again.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <thread>

#include "cache/memory_store.h"
#include "cache/rocksdb_store.h"
#include "proxy/search/collections.h"
#include "tests/support/faulty_store.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

namespace larder {

inline const CollectionScope kScope{"tenant-a", ""};

inline CollectionSpec SpecOf(const std::string& name, std::size_t dimensions = 2) {
  CollectionSpec spec;
  spec.name = name;
  spec.dimensions = dimensions;
  return spec;
}

// A point in the direction of `angle` degrees.
inline NewPoint PointAt(const std::string& id, double angle, const std::string& text = "") {
  const double radians = angle * 3.14159265358979 / 180;
  NewPoint point;
  point.id = id;
  point.values = {static_cast<float>(std::cos(radians)), static_cast<float>(std::sin(radians))};
  point.text = text;
  return point;
}

class CollectionsFixture : public testing::Test {
 protected:
  CollectionsFixture() {
    options_.directory = dir_.path() + "/index/collections";
    options_.exact_below = 100;
  }
  ~CollectionsFixture() override { collections_.reset(); }

  // A new process on the same store and directory.
  void Restart(bool wait = true) {
    collections_.reset();
    collections_ = std::make_unique<Collections>(store_, clock_, log_, options_);
    collections_->Start();
    if (wait) {
      EXPECT_TRUE(WaitUntilLoaded());
    }
  }
  // As Restart, after a death that left no time for snapshots: those of before are there again.
  void RestartAfterDeath(bool wait = true) {
    namespace fs = std::filesystem;
    const std::string before = dir_.path() + "/before";
    fs::remove_all(before);
    if (fs::exists(options_.directory)) fs::copy(options_.directory, before, kWholly);
    collections_.reset();
    fs::remove_all(options_.directory);
    if (fs::exists(before)) fs::copy(before, options_.directory, kWholly);
    Restart(wait);
  }
  bool WaitUntilLoaded() const {
    return WaitUntil([&] { return collections_->totals().loading == 0; });
  }
  template <typename Condition>
  static bool WaitUntil(Condition condition) {
    const MonoTime deadline = SystemClock().Monotonic() + std::chrono::seconds(20);
    while (!condition()) {
      if (SystemClock().Monotonic() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  void MustCreate(const std::string& name, std::size_t dimensions = 2) {
    const auto made = collections_->Create(kScope, SpecOf(name, dimensions));
    ASSERT_TRUE(made.ok()) << made.error().message;
    ASSERT_TRUE(*made);
  }
  std::uint64_t MustUpsert(const std::string& name, const std::vector<NewPoint>& points,
                           UpsertMode mode = UpsertMode::kReplace) {
    const auto written = collections_->Upsert(kScope, name, points, mode);
    EXPECT_TRUE(written.ok()) << written.error().message;
    return written.ok() ? *written : 0;
  }
  void MustDelete(const std::string& name, const std::vector<std::string>& ids) {
    const auto deleted = collections_->Delete(kScope, name, ids);
    ASSERT_TRUE(deleted.ok()) << deleted.error().message;
  }
  // The ids nearest to the direction of `angle`, nearest first.
  std::vector<std::string> Nearest(const std::string& name, double angle, std::size_t k = 10,
                                   const Filter* filter = nullptr) const {
    Collections::SearchRequest request;
    request.vector = PointAt("", angle).values;
    request.k = k;
    request.filter = filter;
    const auto found = collections_->Search(kScope, name, request);
    if (!found.ok()) return {"error: " + found.error().message};
    std::vector<std::string> ids;
    for (const auto& match : found->matches) ids.push_back(match.point.id);
    return ids;
  }
  std::size_t Points(const std::string& name) const {
    const auto info = collections_->Find(kScope, name);
    return info ? info->points : 0;
  }
  int Stored(Family family) const {
    int count = 0;
    EXPECT_TRUE(base_
                    ->ForEach(family, "",
                              [&](auto, auto) {
                                ++count;
                                return true;
                              })
                    .ok());
    return count;
  }
  std::string FolderOf(std::uint64_t id) const {
    return options_.directory + "/" + std::to_string(id);
  }

  static constexpr auto kWholly = std::filesystem::copy_options::recursive;
  TempDir dir_;
  ManualClock clock_;
  Log log_{LogFormat::kText, LogLevel::kError};
  CollectionsOptions options_;
  std::unique_ptr<Store> base_ = std::make_unique<MemoryStore>();
  FaultyStore store_{*base_};
  std::unique_ptr<Collections> collections_;
};

}  // namespace larder
