#include "proxy/search/collection_write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace larder {
namespace {

using Kind = CollectionWrite::Kind;

class WritePlanTest : public testing::Test {
 protected:
  WritePlanTest() {
    record_.id = 7;
    record_.spec.name = "docs";
    record_.spec.dimensions = 1;
    record_.sequence = 10;
    record_.points = 1;
  }
  static CollectionWrite Upsert(const std::vector<NewPoint>& points,
                                UpsertMode mode = UpsertMode::kReplace) {
    static const std::vector<Metadata> kNoFields(10);
    CollectionWrite write;
    write.points = points;
    write.fields = kNoFields;
    write.mode = mode;
    return write;
  }
  static CollectionWrite Delete(const std::vector<std::string>& ids) {
    CollectionWrite write;
    write.kind = Kind::kDelete;
    write.ids = ids;
    return write;
  }
  // Of the records of `family` that the batch puts and deletes.
  static std::size_t Count(const WriteBatch& batch, Family family) {
    std::size_t count = 0;
    for (const auto& operation : batch.operations()) count += operation.family == family ? 1U : 0U;
    return count;
  }

  CollectionRecord record_;
  const WallTime now_ = ManualClock().Now();
};

TEST_F(WritePlanTest, SeveralWritesAreOneBatchInWhichEachSeesThoseBeforeIt) {
  WritePlan plan(record_, {"old"}, now_);
  const std::vector<NewPoint> first = {{"a", {1}}, {"old", {2}}};
  const std::vector<NewPoint> second = {{"a", {3}}, {"b", {4}}};
  const std::vector<std::string> gone = {"a", "absent"};
  CollectionWrite upsert = Upsert(first);
  CollectionWrite insert = Upsert(second, UpsertMode::kKeepExisting);
  CollectionWrite remove = Delete(gone);
  for (CollectionWrite* write : {&upsert, &insert, &remove}) plan.Add(*write);
  EXPECT_EQ(upsert.sequence, 11U);
  EXPECT_EQ(insert.sequence, 12U);
  EXPECT_EQ(remove.sequence, 13U);
  EXPECT_EQ(upsert.changed, 2U);
  EXPECT_EQ(insert.changed, 1U);
  EXPECT_EQ(remove.changed, 1U);
  EXPECT_EQ(plan.changes().size(), 4U);
  const WriteBatch batch = plan.TakeBatch();
  EXPECT_EQ(plan.record().sequence, 13U);
  EXPECT_EQ(plan.record().points, 2U);
  EXPECT_EQ(plan.record().modified, now_);
  EXPECT_EQ(Count(batch, Family::kPoints), 4U);
  EXPECT_EQ(Count(batch, Family::kPointValues), 4U);
  EXPECT_EQ(Count(batch, Family::kCollections), 1U);
  EXPECT_EQ(
      DecodeCollection(batch.operations().back().key, *batch.operations().back().value)->sequence,
      13U);
}

TEST_F(WritePlanTest, DeletingWhatIsAbsentWritesNothing) {
  WritePlan plan(record_, {}, now_);
  const std::vector<std::string> ids = {"absent"};
  CollectionWrite remove = Delete(ids);
  plan.Add(remove);
  EXPECT_EQ(remove.sequence, 10U);
  EXPECT_EQ(remove.changed, 0U);
  EXPECT_TRUE(plan.TakeBatch().empty());
}

TEST_F(WritePlanTest, NothingComesAfterADrop) {
  WritePlan plan(record_, {}, now_);
  const std::vector<NewPoint> points = {{"a", {1}}};
  CollectionWrite drop;
  drop.kind = Kind::kDrop;
  CollectionWrite late = Upsert(points);
  plan.Add(drop);
  plan.Add(late);
  EXPECT_TRUE(drop.status.ok());
  ASSERT_FALSE(late.status.ok());
  EXPECT_EQ(late.status.error().code, ErrorCode::kNotFound);
  const WriteBatch batch = plan.TakeBatch();
  EXPECT_EQ(Count(batch, Family::kPoints), 0U);
  ASSERT_EQ(batch.operations().size(), 2U);
  EXPECT_EQ(batch.operations()[0].value, std::nullopt) << "the record goes";
  EXPECT_EQ(batch.operations()[1].key, DroppedKey(7));
}

}  // namespace
}  // namespace larder
