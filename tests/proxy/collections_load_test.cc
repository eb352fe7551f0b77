// How collections come back at a start: from a snapshot and what was written since, or from the
// points alone; and what happens meanwhile.
#include <fstream>

#include "tests/proxy/collections_fixture.h"
#include "tests/support/gate.h"

namespace larder {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr int kMany = 360;

class CollectionsLoadTest : public CollectionsFixture {
 protected:
  CollectionsLoadTest() { Restart(); }

  static std::string Id(int degree) { return "p" + std::to_string(degree); }
  // A point for each degree, and a snapshot of them; the graph is linked or not.
  void FillAndSave(const std::string& name = "docs") {
    MustCreate(name);
    std::vector<NewPoint> points;
    for (int i = 0; i < kMany; ++i) {
      points.push_back(PointAt(Id(i), i, "text"));
      points.back().metadata = "{\"degree\":" + std::to_string(i) + "}";
    }
    MustUpsert(name, points);
    collections_->SaveSnapshots();
  }
  fs::path Snapshot(std::uint64_t id = 1) const { return FolderOf(id) + "/snapshot"; }

  // What a start reads of the vectors: calls of MultiGet.
  std::uint64_t ReadsOfRestart() {
    const std::uint64_t before = store_.reads();
    RestartAfterDeath();
    return store_.reads() - before;
  }
  void ExpectAllThere() {
    EXPECT_EQ(Points("docs"), std::size_t{kMany});
    for (int i = 0; i < kMany; i += 7) EXPECT_THAT(Nearest("docs", i, 1), ElementsAre(Id(i)));
    const Filter low = Filter::Compare(Filter::Op::kLt, "degree", {10.0});
    EXPECT_EQ(Nearest("docs", 0, 100, &low).size(), 10U);
  }
};

TEST_F(CollectionsLoadTest, ASnapshotSparesReadingTheVectors) {
  FillAndSave();
  ASSERT_TRUE(fs::exists(Snapshot()));
  EXPECT_EQ(ReadsOfRestart(), 0U);
  ExpectAllThere();
}

TEST_F(CollectionsLoadTest, WithoutASnapshotEverythingIsIndexedAnew) {
  FillAndSave();
  fs::remove_all(options_.directory);
  EXPECT_GT(ReadsOfRestart(), 0U);
  ExpectAllThere();
  EXPECT_EQ(ReadsOfRestart(), 2U * 2) << "nothing was saved: again, 256 points at a time";
  collections_->SaveSnapshots();
  EXPECT_EQ(ReadsOfRestart(), 0U);
}

TEST_F(CollectionsLoadTest, WithoutADirectoryTheyLiveInMemory) {
  options_.directory.clear();
  Restart();
  FillAndSave();
  Restart();
  ExpectAllThere();
}

TEST_F(CollectionsLoadTest, AStopLeavesASnapshotOfEverything) {
  FillAndSave();
  MustUpsert("docs", {PointAt("late", 45.5)});
  Restart();
  const std::uint64_t before = store_.reads();
  Restart();
  EXPECT_EQ(store_.reads(), before);
  EXPECT_THAT(Nearest("docs", 45.5, 1), ElementsAre("late"));
}

TEST_F(CollectionsLoadTest, WhatWasWrittenSinceTheSnapshotIsCaughtUp) {
  FillAndSave();
  MustUpsert("docs", {PointAt("late", 45.5, "new")});
  MustUpsert("docs", {PointAt(Id(10), 100.5, "moved")});
  MustDelete("docs", {Id(20), Id(21)});
  MustUpsert("docs", {PointAt(Id(21), 200.5, "back")});
  NewPoint described = PointAt(Id(30), 30);
  described.metadata = R"({"degree":-1})";
  MustUpsert("docs", {described});
  EXPECT_EQ(ReadsOfRestart(), 2U);
  EXPECT_EQ(Points("docs"), kMany + 0U);
  EXPECT_THAT(Nearest("docs", 45.5, 1), ElementsAre("late"));
  EXPECT_THAT(Nearest("docs", 100.5, 1), ElementsAre(Id(10)));
  EXPECT_THAT(Nearest("docs", 10, 3), Not(Contains(Id(10))));
  EXPECT_THAT(Nearest("docs", 20, 3), Not(Contains(Id(20))));
  EXPECT_THAT(Nearest("docs", 200.5, 1), ElementsAre(Id(21)));
  const Filter negative = Filter::Compare(Filter::Op::kLt, "degree", {0.0});
  EXPECT_THAT(Nearest("docs", 0, 10, &negative), ElementsAre(Id(30)));
}

// A snapshot that cannot be used, and how it came to be so.
struct BadSnapshot {
  const char* name;
  std::function<void(const fs::path& snapshot, const fs::path& other)> spoil;
};
class BadSnapshotTest : public CollectionsLoadTest,
                        public testing::WithParamInterface<BadSnapshot> {};

TEST_P(BadSnapshotTest, IsNoticedAndTheIndexIsBuiltAnew) {
  FillAndSave();
  MustCreate("other");
  std::vector<NewPoint> elsewhere;  // the same ids, so that nothing but the mark tells them apart
  for (int i = 0; i < kMany; ++i) elsewhere.push_back(PointAt(Id(i), 359 - i));
  MustUpsert("other", elsewhere);
  collections_->SaveSnapshots();
  GetParam().spoil(Snapshot(1), Snapshot(2));
  EXPECT_GT(ReadsOfRestart(), 0U);
  ExpectAllThere();
  EXPECT_THAT(Nearest("other", 359, 1), ElementsAre(Id(0)));
  collections_->SaveSnapshots();
  EXPECT_EQ(ReadsOfRestart(), 0U) << "and saved anew";
  ExpectAllThere();
}

const BadSnapshot kBad[] = {
    {"Empty", [](const fs::path& path, auto&) { fs::resize_file(path, 0); }},
    {"CutInHalf",
     [](const fs::path& path, auto&) { fs::resize_file(path, fs::file_size(path) / 2); }},
    {"CutByAByte",
     [](const fs::path& path, auto&) { fs::resize_file(path, fs::file_size(path) - 1); }},
    {"OneBitFlipped",
     [](const fs::path& path, auto&) {
       std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
       file.seekg(static_cast<std::streamoff>(fs::file_size(path) / 2));
       const char byte = static_cast<char>(file.get() ^ 4);
       file.seekp(static_cast<std::streamoff>(fs::file_size(path) / 2));
       file.put(byte);
     }},
    {"OfAnotherCollection",
     [](const fs::path& path, const fs::path& other) {
       // With all that belongs to it.
       fs::remove_all(path.parent_path());
       fs::copy(other.parent_path(), path.parent_path(), fs::copy_options::recursive);
     }},
    {"NoSnapshotAtAll",
     [](const fs::path& path, auto&) { std::ofstream(path) << "something else entirely"; }},
};
void PrintTo(const BadSnapshot& bad, std::ostream* out) {
  *out << bad.name;
}
INSTANTIATE_TEST_SUITE_P(That, BadSnapshotTest, testing::ValuesIn(kBad),
                         [](const auto& info) { return "Is" + std::string(info.param.name); });

TEST_F(CollectionsLoadTest, ASnapshotAheadOfTheDatabaseIsNotBelieved) {
  FillAndSave();
  // The database as a backup of now has it.
  MemoryStore backup;
  for (const Family family : kDataFamilies) {
    WriteBatch batch;
    ASSERT_TRUE(base_
                    ->ForEach(family, "",
                              [&](std::string_view key, std::string_view value) {
                                batch.Put(family, key, std::string(value));
                                return true;
                              })
                    .ok());
    ASSERT_TRUE(backup.Apply(batch).ok());
  }
  MustUpsert("docs", {PointAt(Id(10), 100.5), PointAt("late", 45.5)});
  MustDelete("docs", {Id(20)});
  collections_->SaveSnapshots();
  collections_->Stop();
  store_.SetInner(backup);
  RestartAfterDeath();
  ExpectAllThere();
  EXPECT_THAT(Nearest("docs", 45.5, 3), Not(Contains("late")));
  // Not at a later start either, when as much has been written.
  EXPECT_FALSE(fs::exists(Snapshot()));
}

TEST_F(CollectionsLoadTest, WhatIsWrittenWhileItLoadsIsThereOnce) {
  FillAndSave();
  fs::remove_all(options_.directory);
  Gate gate;
  store_.OnRead([&] { gate.Pass(); });  // the first one is the loader's
  RestartAfterDeath(false);
  gate.WaitUntilHeld();

  const auto info = collections_->Find(kScope, "docs");
  ASSERT_TRUE(info);
  EXPECT_LT(info->loaded, 1);
  EXPECT_EQ(info->points, std::size_t{kMany});
  EXPECT_EQ(collections_->totals().loading, 1U);
  Collections::SearchRequest request;
  request.vector = {1, 0};
  const auto refused = collections_->Search(kScope, "docs", request);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_THAT(refused.error().message, HasSubstr("is loading, 71 % by now"));
  EXPECT_FALSE(collections_->DeleteMatching(kScope, "docs", Filter::And({})).ok());

  MustUpsert("docs", {PointAt("late", 45.5), PointAt(Id(10), 100.5), PointAt(Id(350), 100.6)});
  MustUpsert("docs", {PointAt(Id(11), 102.5), PointAt("new", 103.5)}, UpsertMode::kKeepExisting);
  MustDelete("docs", {Id(20), Id(340), "late", "absent"});
  EXPECT_EQ(Points("docs"), kMany - 1U);
  EXPECT_EQ(
      collections_->Get(kScope, "docs", std::vector<std::string>{"new"}, true).value()[0]->values,
      PointAt("", 103.5).values);
  gate.Open();
  ASSERT_TRUE(WaitUntilLoaded());

  EXPECT_EQ(Points("docs"), kMany - 1U);
  EXPECT_THAT(Nearest("docs", 100.55, 2), testing::UnorderedElementsAre(Id(10), Id(350)));
  EXPECT_THAT(Nearest("docs", 103.5, 1), ElementsAre("new"));
  EXPECT_THAT(Nearest("docs", 11, 1), ElementsAre(Id(11)));
  for (const int gone : {10, 350, 20, 340}) {
    EXPECT_THAT(Nearest("docs", gone, 1), Not(Contains(Id(gone))));
  }
  EXPECT_EQ(Nearest("docs", 0, 1000).size(), kMany - 1U);
}

TEST_F(CollectionsLoadTest, ACollectionMayBeDroppedWhileItLoads) {
  FillAndSave();
  fs::remove_all(options_.directory);
  Gate gate;
  store_.OnRead([&] { gate.Pass(); });
  RestartAfterDeath(false);
  gate.WaitUntilHeld();
  EXPECT_TRUE(collections_->Drop(kScope, "docs").value());
  MustCreate("docs");
  MustUpsert("docs", {PointAt("a", 0)});
  EXPECT_THAT(Nearest("docs", 0), ElementsAre("a")) << "the new one need not load";
  gate.Open();
  EXPECT_TRUE(WaitUntil([&] { return Stored(Family::kPoints) == 1; }));
  EXPECT_TRUE(WaitUntil([&] { return !fs::exists(FolderOf(1)); }));
  EXPECT_THAT(Nearest("docs", 0), ElementsAre("a"));
}

TEST_F(CollectionsLoadTest, ADropThatWasCutOffGoesOnAtTheNextStart) {
  MustCreate("docs");
  std::vector<NewPoint> points;
  for (int i = 0; i < 2500; ++i) points.push_back(PointAt(Id(i), i));
  MustUpsert("docs", points);
  collections_->SaveSnapshots();
  std::atomic<int> writes{0};
  store_.OnWrite([&] {
    if (++writes == 3) store_.FailWrites(true);  // the drop, a thousand points, and no more
  });
  EXPECT_TRUE(collections_->Drop(kScope, "docs").value());
  ASSERT_TRUE(WaitUntil([&] { return writes >= 3; }));
  store_.OnWrite(nullptr);
  RestartAfterDeath();
  EXPECT_FALSE(collections_->Find(kScope, "docs")) << "it was gone when Drop returned";
  EXPECT_EQ(Stored(Family::kPoints), 2500);
  store_.FailWrites(false);
  RestartAfterDeath();
  EXPECT_TRUE(WaitUntil([&] { return Stored(Family::kCollections) == 1; })) << "the next id alone";
  EXPECT_EQ(Stored(Family::kPoints), 0);
  EXPECT_EQ(Stored(Family::kPointValues), 0);
  EXPECT_FALSE(fs::exists(FolderOf(1)));
}

TEST_F(CollectionsLoadTest, FoldersOfNoCollectionAreSwept) {
  FillAndSave();
  fs::create_directories(FolderOf(99));
  std::ofstream(FolderOf(99) + "/snapshot") << "left behind";
  Restart();
  EXPECT_FALSE(fs::exists(FolderOf(99)));
  EXPECT_TRUE(fs::exists(FolderOf(1)));
}

TEST_F(CollectionsLoadTest, WhatIsStoredIsLoadedThoughMemoryIsShort) {
  FillAndSave();
  options_.memory_bytes = 1000;
  RestartAfterDeath();
  ExpectAllThere();
  const auto written =
      collections_->Upsert(kScope, "docs", std::vector{PointAt("late", 0)}, UpsertMode::kReplace);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::kOverloaded);
  MustDelete("docs", {Id(0)});
}

TEST_F(CollectionsLoadTest, ADamagedPointIsLeftOutAndTheOthersAreFound) {
  MustCreate("docs");
  MustUpsert("docs", {PointAt("a", 0), PointAt("b", 10), PointAt("c", 20)});
  for (const Family family : {Family::kPoints, Family::kPointValues}) {
    std::vector<std::pair<std::string, std::string>> records;
    ASSERT_TRUE(base_
                    ->ForEach(family, "",
                              [&](std::string_view key, std::string_view value) {
                                records.emplace_back(key, value);
                                return true;
                              })
                    .ok());
    auto& [key, value] = records[family == Family::kPoints ? 0 : 1];
    value.back() ^= 1;
    WriteBatch batch;
    batch.Put(family, key, value);
    ASSERT_TRUE(base_->Apply(batch).ok());
  }
  fs::remove_all(options_.directory);
  RestartAfterDeath();
  EXPECT_THAT(Nearest("docs", 0), ElementsAre("c"));
  MustUpsert("docs", {PointAt("a", 0), PointAt("b", 10)});
  EXPECT_THAT(Nearest("docs", 0), ElementsAre("a", "b", "c"));
  EXPECT_EQ(Points("docs"), 3U);
}

TEST_F(CollectionsLoadTest, AnEmptyCollectionIsThereAtOnce) {
  MustCreate("docs");
  RestartAfterDeath();
  EXPECT_THAT(Nearest("docs", 0), IsEmpty());
}

}  // namespace
}  // namespace larder
