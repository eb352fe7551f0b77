#include "cache/recent_purges.h"

#include <gtest/gtest.h>

#include "tests/cache/entries.h"

namespace larder {
namespace {

EntryFilter OfModel(std::string model) {
  EntryFilter filter;
  filter.model = std::move(model);
  return filter;
}

EntryFacts Of(std::string_view model) {
  return {EntryLayer::kEmbeddings, KeyOf(1), "p", "", model, "text", WallTime{}};
}

TEST(RecentPurgesTest, ConcernsWhatComesWhileItRuns) {
  RecentPurges purges;
  EXPECT_FALSE(purges.PurgedSince(Of("a"), purges.Now()));
  const auto running = purges.Begin(OfModel("a"));
  EXPECT_TRUE(purges.AnySince(purges.Now()));
  EXPECT_TRUE(purges.PurgedSince(Of("a"), purges.Now()));
  EXPECT_FALSE(purges.PurgedSince(Of("b"), purges.Now()));
}

TEST(RecentPurgesTest, ConcernsWhatBeganBeforeItEndedAndNothingLater) {
  RecentPurges purges;
  const auto before = purges.Now();
  std::optional<RecentPurges::Moment> meanwhile;
  {
    const auto running = purges.Begin(OfModel("a"));
    meanwhile = purges.Now();
  }
  EXPECT_TRUE(purges.PurgedSince(Of("a"), before));
  EXPECT_TRUE(purges.PurgedSince(Of("a"), *meanwhile));
  EXPECT_FALSE(purges.PurgedSince(Of("b"), before));
  EXPECT_FALSE(purges.PurgedSince(Of("a"), purges.Now()));
  EXPECT_FALSE(purges.AnySince(purges.Now()));
}

TEST(RecentPurgesTest, SeveralMayRunAtOnce) {
  RecentPurges purges;
  auto first = std::make_unique<RecentPurges::Running>(purges.Begin(OfModel("a")));
  const auto second = purges.Begin(OfModel("b"));
  first.reset();
  EXPECT_FALSE(purges.PurgedSince(Of("a"), purges.Now()));
  EXPECT_TRUE(purges.PurgedSince(Of("b"), purges.Now()));
}

TEST(RecentPurgesTest, TakesWhatItHasForgottenForPurged) {
  RecentPurges purges;
  const auto before = purges.Now();
  (void)purges.Begin(OfModel("a"));
  const auto after_one = purges.Now();
  for (std::size_t i = 1; i < RecentPurges::kRemembered; ++i) (void)purges.Begin(OfModel("a"));
  EXPECT_FALSE(purges.PurgedSince(Of("b"), before));
  (void)purges.Begin(OfModel("a"));
  EXPECT_TRUE(purges.PurgedSince(Of("b"), before));
  EXPECT_FALSE(purges.PurgedSince(Of("b"), after_one));
}

}  // namespace
}  // namespace larder
