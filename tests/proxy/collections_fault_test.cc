// Collections over a store that fails, is slow, or can only be read.
#include <fstream>

#include "tests/proxy/collections_fixture.h"
#include "tests/support/gate.h"

namespace larder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CollectionsFaultTest : public CollectionsFixture {
 protected:
  CollectionsFaultTest() { Restart(); }
  Result<std::uint64_t> Upsert(const std::vector<NewPoint>& points) {
    return collections_->Upsert(kScope, "docs", points, UpsertMode::kReplace);
  }
};

TEST_F(CollectionsFaultTest, AWriteThatFailsChangesNothing) {
  MustCreate("docs");
  MustUpsert("docs", {PointAt("a", 0)});
  const auto before = collections_->Find(kScope, "docs");
  store_.FailWrites(true);
  const auto written = Upsert({PointAt("a", 90), PointAt("b", 10)});
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::kIo);
  const std::vector<std::string> ids = {"a"};
  EXPECT_EQ(collections_->Delete(kScope, "docs", ids).error().code, ErrorCode::kIo);
  EXPECT_EQ(collections_->Drop(kScope, "docs").error().code, ErrorCode::kIo);
  EXPECT_EQ(collections_->Create(kScope, SpecOf("new")).error().code, ErrorCode::kIo);
  EXPECT_FALSE(collections_->Find(kScope, "new"));
  const auto after = collections_->Find(kScope, "docs");
  EXPECT_EQ(after->sequence, before->sequence);
  EXPECT_EQ(after->points, 1U);
  EXPECT_THAT(Nearest("docs", 0), ElementsAre("a"));
  store_.FailWrites(false);
  EXPECT_EQ(MustUpsert("docs", {PointAt("b", 10)}), 2U);
  EXPECT_THAT(Nearest("docs", 0), ElementsAre("a", "b"));
}

TEST_F(CollectionsFaultTest, AWriteThatIsThereThoughItFailedIsFoundOutBeforeTheNextOne) {
  MustCreate("docs");
  MustUpsert("docs", {PointAt("a", 0), PointAt("b", 10)});
  store_.FailBehindWrites(true);
  EXPECT_FALSE(Upsert({PointAt("c", 20)}).ok());
  const std::vector<std::string> ids = {"a"};
  EXPECT_FALSE(collections_->Delete(kScope, "docs", ids).ok());
  store_.FailBehindWrites(false);
  EXPECT_EQ(MustUpsert("docs", {PointAt("d", 30)}), 4U) << "two writes were more than was thought";
  EXPECT_THAT(Nearest("docs", 0), ElementsAre("b", "c", "d"));
  EXPECT_EQ(Points("docs"), 3U);
  Restart();
  EXPECT_THAT(Nearest("docs", 0), ElementsAre("b", "c", "d"));
}

TEST_F(CollectionsFaultTest, ADropThatFailedAndTookEffectTakesNothingMore) {
  MustCreate("docs");
  MustUpsert("docs", {PointAt("a", 0)});
  store_.FailBehindWrites(true);
  EXPECT_FALSE(collections_->Drop(kScope, "docs").ok());
  store_.FailBehindWrites(false);
  EXPECT_EQ(Upsert({PointAt("b", 0)}).error().code, ErrorCode::kNotFound)
      << "its points are removed at the next start";
  ASSERT_TRUE(collections_->Drop(kScope, "docs").ok());
  MustCreate("docs");
  EXPECT_EQ(MustUpsert("docs", {PointAt("c", 0)}), 1U);
  Restart();
  EXPECT_THAT(Nearest("docs", 0), ElementsAre("c"));
}

TEST_F(CollectionsFaultTest, AWriteThatIsRefusedMemoryIsRefusedAndTheNextOneIsNot) {
  MustCreate("docs");
  store_.OnWrite([] { throw std::bad_alloc(); });
  const auto refused = Upsert({PointAt("a", 0)});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  store_.OnWrite([] {});
  EXPECT_EQ(MustUpsert("docs", {PointAt("b", 0)}), 1U);
  EXPECT_THAT(Nearest("docs", 0), ElementsAre("b"));
}

TEST_F(CollectionsFaultTest, ADatabaseThatComesBackIsReadThen) {
  MustCreate("docs");
  MustUpsert("docs", {PointAt("a", 0)});
  store_.FailReads(true);
  RestartAfterDeath();
  EXPECT_FALSE(collections_->usable().ok());
  store_.FailReads(false);
  collections_->Start();
  EXPECT_TRUE(collections_->usable().ok());
  EXPECT_TRUE(WaitUntilLoaded());
  EXPECT_THAT(Nearest("docs", 0), ElementsAre("a"));
  collections_->Start();
  EXPECT_EQ(MustUpsert("docs", {PointAt("b", 10)}), 2U);
}

TEST_F(CollectionsFaultTest, AReadThatFailsIsAnError) {
  MustCreate("docs");
  MustUpsert("docs", {PointAt("a", 0)});
  store_.FailReads(true);
  Collections::SearchRequest request;
  request.vector = {1, 0};
  EXPECT_EQ(collections_->Search(kScope, "docs", request).error().code, ErrorCode::kIo);
  const std::vector<std::string> ids = {"a"};
  EXPECT_EQ(collections_->Get(kScope, "docs", ids, false).error().code, ErrorCode::kIo);
  EXPECT_EQ(collections_->ListIds(kScope, "docs", "", 10).error().code, ErrorCode::kIo);
}

TEST_F(CollectionsFaultTest, ADatabaseThatCannotBeReadAtTheStartIsToldToEveryCaller) {
  MustCreate("docs");
  store_.FailReads(true);
  RestartAfterDeath();
  EXPECT_EQ(collections_->usable().error().code, ErrorCode::kOverloaded);
  for (const Error& error :
       {Upsert({}).error(), collections_->Create(kScope, SpecOf("new")).error(),
        collections_->Drop(kScope, "docs").error(),
        collections_->ListIds(kScope, "docs", "", 10).error()}) {
    EXPECT_EQ(error.code, ErrorCode::kOverloaded);
    EXPECT_THAT(error.message, HasSubstr("collections cannot be used: "));
  }
  EXPECT_THAT(collections_->List(kScope), IsEmpty());
  store_.FailReads(false);
  RestartAfterDeath();
  EXPECT_TRUE(collections_->Find(kScope, "docs"));
}

TEST_F(CollectionsFaultTest, ARecordOfALaterVersionIsNotOverwritten) {
  MustCreate("docs");
  WriteBatch batch;
  batch.Put(Family::kCollections, "x", "what a later version may have written");
  ASSERT_TRUE(base_->Apply(batch).ok());
  Restart();
  EXPECT_FALSE(collections_->usable().ok());
  EXPECT_FALSE(collections_->Create(kScope, SpecOf("docs")).ok());
}

TEST_F(CollectionsFaultTest, ACollectionThatCannotBeLoadedSaysWhy) {
  MustCreate("docs");
  MustUpsert("docs", {PointAt("a", 0)});
  collections_.reset();
  std::filesystem::remove_all(dir_.path() + "/index");
  std::ofstream(dir_.path() + "/index") << "a file in place of a directory";
  Restart(false);
  EXPECT_TRUE(WaitUntil([&] {
    return Nearest("docs", 0)[0].find("could not be loaded: cannot make the directory") !=
           std::string::npos;
  }));
  EXPECT_EQ(MustUpsert("docs", {PointAt("b", 0)}), 2U) << "writes are safe all the same";
}

TEST_F(CollectionsFaultTest, SearchesAndOtherCollectionsWaitForNoWrite) {
  MustCreate("docs");
  MustCreate("other");
  MustUpsert("docs", {PointAt("a", 0)});
  Gate gate;
  store_.OnWrite([&] { gate.Pass(); });
  std::thread writer([&] { MustUpsert("docs", {PointAt("b", 1)}); });
  gate.WaitUntilHeld();
  EXPECT_THAT(Nearest("docs", 0), ElementsAre("a")) << "it is not durable yet";
  MustUpsert("other", {PointAt("c", 0)});
  EXPECT_THAT(Nearest("other", 0), ElementsAre("c"));
  gate.Open();
  writer.join();
  EXPECT_THAT(Nearest("docs", 0), ElementsAre("a", "b"));
}

TEST_F(CollectionsFaultTest, MemoryIsBoundedForAllTogether) {
  options_.memory_bytes = 3U << 20;
  Restart();
  CollectionSpec wide = SpecOf("wide", 256);
  for (const char* name : {"docs", "more"}) {
    wide.name = name;
    ASSERT_TRUE(collections_->Create(kScope, wide).ok());
  }
  int stored = 0;
  Error refusal;
  for (; stored < 20'000; ++stored) {
    NewPoint point = PointAt("p" + std::to_string(stored), 0);
    point.values.resize(256);
    const auto written = collections_->Upsert(kScope, stored % 2 == 0 ? "docs" : "more",
                                              std::vector{point}, UpsertMode::kReplace);
    if (written.ok()) continue;
    refusal = written.error();
    break;
  }
  EXPECT_EQ(refusal.code, ErrorCode::kOverloaded);
  EXPECT_THAT(refusal.message, HasSubstr("collections.memory_bytes"));
  EXPECT_GT(stored, 500);
  EXPECT_LE(collections_->totals().memory_bytes, (3U << 20) * 11 / 10);
  EXPECT_EQ(Points("docs") + Points("more"), static_cast<std::size_t>(stored));
  ASSERT_TRUE(collections_->Drop(kScope, "more").value());
  wide.name = "again";
  ASSERT_TRUE(collections_->Create(kScope, wide).ok());
  NewPoint point = PointAt("p", 0);
  point.values.resize(256);
  EXPECT_TRUE(collections_->Upsert(kScope, "again", std::vector{point}, UpsertMode::kReplace).ok());
}

TEST_F(CollectionsFaultTest, ADamagedDatabaseIsSearchedAndNotWritten) {
  collections_.reset();
  RocksDbOptions options{dir_.path() + "/data"};
  options.database = Database::kData;
  auto opened = RocksDbStore::OpenOrReadOnly(options, clock_);
  ASSERT_TRUE(opened.ok());
  store_.SetInner(*opened->store);
  Restart();
  MustCreate("docs");
  MustUpsert("docs", {PointAt("a", 0)});
  MustUpsert("docs", {PointAt("b", 1)});
  collections_.reset();
  opened->store.reset();
  for (const auto& entry : std::filesystem::directory_iterator(options.path)) {
    if (entry.path().extension() == ".log") {
      std::filesystem::resize_file(entry.path(), std::filesystem::file_size(entry.path()) - 1);
    }
  }
  opened = RocksDbStore::OpenOrReadOnly(options, clock_);
  ASSERT_TRUE(opened.ok());
  ASSERT_NE(opened->damage, "");
  store_.SetInner(*opened->store);
  Restart();
  EXPECT_THAT(Nearest("docs", 0), ElementsAre("a")) << "the snapshot is ahead of what is left";
  const auto written = Upsert({PointAt("c", 0)});
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::kOverloaded);
  EXPECT_THAT(written.error().message, HasSubstr("the collections database is damaged: "));
  EXPECT_EQ(collections_->Create(kScope, SpecOf("new")).error().code, ErrorCode::kOverloaded);
  collections_.reset();
}

}  // namespace
}  // namespace larder
