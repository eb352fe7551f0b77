// What collections do, over each store that may hold them.
#include "proxy/search/collections.h"

#include "tests/proxy/collections_fixture.h"

namespace larder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CollectionsTest : public CollectionsFixture, public testing::WithParamInterface<bool> {
 protected:
  CollectionsTest() {
    if (GetParam()) {
      RocksDbOptions options{dir_.path() + "/data"};
      options.database = Database::kData;
      base_ = RocksDbStore::Open(options, clock_).value();
    }
    store_.SetInner(*base_);
    Restart();
  }
};

TEST_P(CollectionsTest, ACollectionIsMadeOnceAndFoundByItsScopeAndName) {
  CollectionSpec spec = SpecOf("docs", 3);
  spec.model = "m";
  spec.description = "d";
  EXPECT_TRUE(collections_->Create(kScope, spec).value());
  EXPECT_FALSE(collections_->Create(kScope, spec).value());
  const auto info = collections_->Find(kScope, "docs");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->spec, spec);
  EXPECT_EQ(info->created, clock_.Now());
  EXPECT_EQ(info->points, 0U);
  EXPECT_EQ(info->sequence, 0U);
  EXPECT_EQ(info->loaded, 1);
  EXPECT_FALSE(collections_->Find({"tenant-b", ""}, "docs"));
  EXPECT_FALSE(collections_->Find({"tenant-a", "ns"}, "docs"));
  EXPECT_FALSE(collections_->Find(kScope, "other"));
}

TEST_P(CollectionsTest, ANameIsOneCollectionsAlone) {
  MustCreate("docs", 2);
  const auto made = collections_->Create(kScope, SpecOf("docs", 3));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(made.error().param, "name");
  EXPECT_TRUE(collections_->Create({"tenant-b", ""}, SpecOf("docs", 3)).value());
}

TEST_P(CollectionsTest, ListsThoseOfOneScopeByName) {
  for (const char* name : {"b", "a", "c"}) MustCreate(name);
  ASSERT_TRUE(collections_->Create({"tenant-a", "ns"}, SpecOf("other")).ok());
  ASSERT_TRUE(collections_->Create({"tenant", "a"}, SpecOf("other")).ok());
  std::vector<std::string> names;
  for (const auto& info : collections_->List(kScope)) names.push_back(info.spec.name);
  EXPECT_THAT(names, ElementsAre("a", "b", "c"));
}

TEST_P(CollectionsTest, AnUpsertIsFoundWhenItReturns) {
  MustCreate("docs");
  for (int i = 0; i < 90; ++i) {
    MustUpsert("docs", {PointAt("p" + std::to_string(i), i, "text " + std::to_string(i))});
    ASSERT_THAT(Nearest("docs", i, 1), ElementsAre("p" + std::to_string(i)));
  }
  Collections::SearchRequest request;
  request.vector = PointAt("", 42).values;
  request.k = 3;
  request.with_values = true;
  const auto found = collections_->Search(kScope, "docs", request);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->matches.size(), 3U);
  EXPECT_EQ(found->matches[0].point.id, "p42");
  EXPECT_EQ(found->matches[0].point.text, "text 42");
  EXPECT_EQ(found->matches[0].point.sequence, 43U);
  EXPECT_EQ(found->matches[0].point.values, request.vector);
  EXPECT_NEAR(found->matches[0].score, 1, 1e-6);
  EXPECT_TRUE(found->exact);
}

TEST_P(CollectionsTest, EachWriteHasTheNextSequenceNumber) {
  MustCreate("docs");
  MustCreate("other");
  EXPECT_EQ(MustUpsert("docs", {PointAt("a", 0), PointAt("b", 1)}), 1U);
  EXPECT_EQ(MustUpsert("docs", {PointAt("a", 0)}), 2U);
  EXPECT_EQ(MustUpsert("other", {PointAt("a", 0)}), 1U);
  const std::vector<std::string> ids = {"a", "absent", "a"};
  const auto deleted = collections_->Delete(kScope, "docs", ids);
  ASSERT_TRUE(deleted.ok());
  EXPECT_EQ(deleted->sequence, 3U);
  EXPECT_EQ(deleted->points, 1U);
  const auto nothing = collections_->Delete(kScope, "docs", ids);
  ASSERT_TRUE(nothing.ok());
  EXPECT_EQ(nothing->sequence, 3U);
  EXPECT_EQ(nothing->points, 0U);
  EXPECT_EQ(collections_->Find(kScope, "docs")->sequence, 3U);
  EXPECT_EQ(Points("docs"), 1U);
}

TEST_P(CollectionsTest, AnUpsertTakesThePlaceOfWhatWasThere) {
  MustCreate("docs");
  NewPoint first = PointAt("a", 0, "first");
  first.metadata = R"({"n":1})";
  MustUpsert("docs", {first, PointAt("b", 90)});
  NewPoint second = PointAt("a", 180, "second");
  second.metadata = R"({"n":2})";
  MustUpsert("docs", {second});
  EXPECT_EQ(Points("docs"), 2U);
  EXPECT_THAT(Nearest("docs", 170), ElementsAre("a", "b"));
  const Filter old = Filter::Compare(Filter::Op::kEq, "n", {1.0});
  const Filter recent = Filter::Compare(Filter::Op::kEq, "n", {2.0});
  EXPECT_THAT(Nearest("docs", 0, 10, &old), IsEmpty());
  EXPECT_THAT(Nearest("docs", 0, 10, &recent), ElementsAre("a"));
  const std::vector<std::string> ids = {"a", "absent", "b"};
  const auto points = collections_->Get(kScope, "docs", ids, true);
  ASSERT_TRUE(points.ok());
  ASSERT_EQ(points->size(), 3U);
  EXPECT_EQ((*points)[0]->text, "second");
  EXPECT_EQ((*points)[0]->values, second.values);
  EXPECT_EQ((*points)[0]->metadata, second.metadata);
  EXPECT_FALSE((*points)[1]);
  EXPECT_THAT(collections_->Get(kScope, "docs", ids, false).value()[2]->values, IsEmpty());
}

TEST_P(CollectionsTest, AnInsertKeepsWhatWasThere) {
  MustCreate("docs");
  MustUpsert("docs", {PointAt("a", 0, "first")});
  MustUpsert("docs", {PointAt("a", 90, "second"), PointAt("b", 90, "b1"), PointAt("b", 0, "b2")},
             UpsertMode::kKeepExisting);
  EXPECT_EQ(Points("docs"), 2U);
  const std::vector<std::string> ids = {"a", "b"};
  const auto points = collections_->Get(kScope, "docs", ids, false);
  ASSERT_TRUE(points.ok());
  EXPECT_EQ((*points)[0]->text, "first");
  EXPECT_EQ((*points)[1]->text, "b1");
  EXPECT_THAT(Nearest("docs", 0), ElementsAre("a", "b"));
}

TEST_P(CollectionsTest, OfTwoPointsWithOneIdTheLaterOneCounts) {
  MustCreate("docs");
  MustUpsert("docs", {PointAt("a", 0, "1"), PointAt("a", 90, "2")});
  EXPECT_EQ(Points("docs"), 1U);
  const std::vector<std::string> ids = {"a"};
  EXPECT_EQ(collections_->Get(kScope, "docs", ids, false).value()[0]->text, "2");
}

TEST_P(CollectionsTest, ARefusedPointStoresNoneOfItsRequest) {
  MustCreate("docs");
  NewPoint wrong = PointAt("b", 0);
  wrong.values.push_back(1);
  const auto written = collections_->Upsert(kScope, "docs", std::vector{PointAt("a", 0), wrong},
                                            UpsertMode::kReplace);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(written.error().param, "points[1].values");
  EXPECT_EQ(Points("docs"), 0U);
  EXPECT_EQ(Stored(Family::kPoints), 0);
  EXPECT_EQ(MustUpsert("docs", {PointAt("a", 0)}), 1U);
}

TEST_P(CollectionsTest, AFilterDeletesWhatMatches) {
  MustCreate("docs");
  std::vector<NewPoint> points;
  for (int i = 0; i < 3000; ++i) {
    points.push_back(PointAt("p" + std::to_string(i), i % 360));
    points.back().metadata = "{\"even\":" + std::string(i % 2 == 0 ? "true" : "false") + "}";
  }
  MustUpsert("docs", points);
  const auto deleted = collections_->DeleteMatching(
      kScope, "docs", Filter::Compare(Filter::Op::kEq, "even", {true}));
  ASSERT_TRUE(deleted.ok());
  EXPECT_EQ(deleted->points, 1500U);
  EXPECT_EQ(deleted->sequence, 3U);  // a thousand at a time
  EXPECT_EQ(Points("docs"), 1500U);
  EXPECT_EQ(Stored(Family::kPoints), 1500);
  EXPECT_EQ(Stored(Family::kPointValues), 1500);
}

TEST_P(CollectionsTest, ANamespaceIsAFieldToFilterBy) {
  MustCreate("docs");
  NewPoint named = PointAt("a", 0);
  named.name_space = "n";
  MustUpsert("docs", {named, PointAt("b", 0)});
  const Filter in = Filter::Compare(Filter::Op::kEq, "$namespace", {"n"});
  EXPECT_THAT(Nearest("docs", 0, 10, &in), ElementsAre("a"));
}

TEST_P(CollectionsTest, ListsIdsPageByPage) {
  MustCreate("docs");
  MustCreate("next");
  MustUpsert("next", {PointAt("zzz", 0)});
  MustUpsert("docs", {PointAt("b", 0), PointAt("a", 1), PointAt("ab", 2), PointAt("c", 3)});
  const auto page = [&](const std::string& after, std::size_t limit) {
    return collections_->ListIds(kScope, "docs", after, limit).value();
  };
  EXPECT_THAT(page("", 3).ids, ElementsAre("a", "ab", "b"));
  EXPECT_TRUE(page("", 3).more);
  EXPECT_EQ(page("", 3).total, 4U);
  EXPECT_THAT(page("a", 2).ids, ElementsAre("ab", "b"));
  EXPECT_THAT(page("b", 3).ids, ElementsAre("c"));
  EXPECT_FALSE(page("b", 3).more);
  EXPECT_FALSE(page("", 4).more);
  EXPECT_THAT(page("c", 3).ids, IsEmpty());
}

TEST_P(CollectionsTest, ADroppedCollectionIsGoneAndItsPointsAndFilesFollow) {
  MustCreate("docs");
  MustCreate("other");
  MustUpsert("docs", {PointAt("a", 0), PointAt("b", 90)});
  MustUpsert("other", {PointAt("c", 0)});
  EXPECT_TRUE(collections_->Drop(kScope, "docs").value());
  EXPECT_FALSE(collections_->Drop(kScope, "docs").value());
  EXPECT_FALSE(collections_->Find(kScope, "docs"));
  const auto written = collections_->Upsert(kScope, "docs", {}, UpsertMode::kReplace);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(WaitUntil([&] { return Stored(Family::kPoints) == 1; }));
  EXPECT_TRUE(WaitUntil([&] { return Stored(Family::kCollections) == 2; })) << "and the next id";
  EXPECT_EQ(Stored(Family::kPointValues), 1);
  EXPECT_TRUE(WaitUntil([&] { return !std::filesystem::exists(FolderOf(1)); }));
  EXPECT_THAT(Nearest("other", 0), ElementsAre("c"));
  MustCreate("docs", 5);
  EXPECT_EQ(Points("docs"), 0U);
}

TEST_P(CollectionsTest, EverythingIsThereAfterARestart) {
  MustCreate("docs");
  MustUpsert("docs", {PointAt("a", 0, "text"), PointAt("b", 90)});
  MustDelete("docs", {"b"});
  ASSERT_TRUE(collections_->SetMetadataIndexes(kScope, "docs", {{"price", "number"}}).ok());
  const auto before = collections_->Find(kScope, "docs");
  Restart();
  const auto after = collections_->Find(kScope, "docs");
  ASSERT_TRUE(after);
  EXPECT_EQ(after->spec, before->spec);
  EXPECT_EQ(after->sequence, 2U);
  EXPECT_EQ(after->points, 1U);
  EXPECT_EQ(after->created, before->created);
  EXPECT_EQ(after->modified, before->modified);
  EXPECT_THAT(Nearest("docs", 80), ElementsAre("a"));
  EXPECT_EQ(MustUpsert("docs", {PointAt("b", 90)}), 3U);
}

TEST_P(CollectionsTest, AnIdIsNeverUsedAgain) {
  MustCreate("first");
  MustCreate("second");
  ASSERT_TRUE(collections_->Drop(kScope, "second").value());
  ASSERT_TRUE(WaitUntil([&] { return Stored(Family::kCollections) == 2; }));
  Restart();
  MustCreate("third");
  EXPECT_TRUE(std::filesystem::exists(FolderOf(3)));
}

TEST_P(CollectionsTest, WhatItMayHoldIsBounded) {
  options_.max_points_per_request = 2;
  options_.max_per_scope = 2;
  Restart();
  MustCreate("a");
  MustCreate("b");
  const auto third = collections_->Create(kScope, SpecOf("c"));
  ASSERT_FALSE(third.ok());
  EXPECT_THAT(third.error().message, HasSubstr("collections.max_per_scope"));
  EXPECT_FALSE(collections_->Create(kScope, SpecOf("a")).value()) << "it is there already";
  EXPECT_TRUE(collections_->Create({"tenant-b", ""}, SpecOf("c")).value());
  const std::vector<NewPoint> three(3, PointAt("p", 0));
  const auto written = collections_->Upsert(kScope, "a", three, UpsertMode::kReplace);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().param, "points");
  const std::vector<std::string> ids(3, "p");
  EXPECT_EQ(collections_->Delete(kScope, "a", ids).error().param, "ids");
  EXPECT_EQ(collections_->Get(kScope, "a", ids, false).error().param, "ids");
}

TEST_P(CollectionsTest, AQueryOfAnotherDimensionIsRefused) {
  MustCreate("docs", 3);
  Collections::SearchRequest request;
  request.vector = {1, 2};
  const auto found = collections_->Search(kScope, "docs", request);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(found.error().param, "vector");
}

TEST_P(CollectionsTest, AfterStopNothingIsWritten) {
  MustCreate("docs");
  collections_->Stop();
  const auto written =
      collections_->Upsert(kScope, "docs", std::vector{PointAt("a", 0)}, UpsertMode::kReplace);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::kOverloaded);
  EXPECT_THAT(written.error().message, HasSubstr("shutting down"));
}

TEST_P(CollectionsTest, WritersAndSearchersAtOnceSeeWholeWritesOnly) {
  MustCreate("docs");
  constexpr int kWriters = 4;
  constexpr int kRounds = 60;
  // Each writer writes its pair of points with one text, then deletes it every third time.
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      const std::string id = "w" + std::to_string(writer);
      for (int round = 0; round < kRounds; ++round) {
        const std::string text = std::to_string(round);
        MustUpsert("docs", {PointAt(id + "a", 10.0 * writer, text),
                            PointAt(id + "b", 10.0 * writer + 1, text)});
        ASSERT_THAT(Nearest("docs", 10.0 * writer, 20), testing::Contains(id + "a"));
        if (round % 3 != 1) continue;
        MustDelete("docs", {id + "a", id + "b"});
        ASSERT_THAT(Nearest("docs", 10.0 * writer, 20), testing::Not(testing::Contains(id + "a")));
      }
    });
  }
  std::thread searcher([&] {
    while (!done) {
      for (const std::string& id : Nearest("docs", 15, 20)) ASSERT_FALSE(id.starts_with("error"));
      (void)collections_->totals();
    }
  });
  for (std::thread& thread : threads) thread.join();
  done = true;
  searcher.join();
  EXPECT_EQ(Points("docs"), 2U * kWriters);
  EXPECT_EQ(collections_->Find(kScope, "docs")->sequence, 4U * (kRounds + kRounds / 3));
  RestartAfterDeath();
  EXPECT_EQ(Points("docs"), 2U * kWriters);
  EXPECT_EQ(Nearest("docs", 15, 20).size(), 2U * kWriters);
}

INSTANTIATE_TEST_SUITE_P(Over, CollectionsTest, testing::Bool(), [](const auto& info) {
  return std::string(info.param ? "RocksDbStore" : "MemoryStore");
});

}  // namespace
}  // namespace larder
