#include "cache/recent_erasures.h"

#include <gtest/gtest.h>

#include "tests/cache/entries.h"

namespace larder {
namespace {

TEST(RecentErasuresTest, KnowsWhatWasErasedAfterAMoment) {
  RecentErasures erasures;
  const auto before = erasures.Moment();
  EXPECT_FALSE(erasures.ErasedSince(KeyOf(1), before));
  erasures.Add(KeyOf(1));
  EXPECT_TRUE(erasures.ErasedSince(KeyOf(1), before));
  EXPECT_FALSE(erasures.ErasedSince(KeyOf(2), before));
  EXPECT_FALSE(erasures.ErasedSince(KeyOf(1), erasures.Moment()));
}

TEST(RecentErasuresTest, TellsKeysErasedAtAnyTime) {
  RecentErasures erasures;
  erasures.Add(KeyOf(1));
  EXPECT_TRUE(erasures.Erased(KeyOf(1)));
  EXPECT_FALSE(erasures.Erased(KeyOf(2)));
}

TEST(RecentErasuresTest, TakesWhatItHasForgottenForErased) {
  RecentErasures erasures;
  const auto before = erasures.Moment();
  for (std::size_t i = 0; i < RecentErasures::kRemembered; ++i) erasures.Add(KeyOf(7));
  EXPECT_FALSE(erasures.ErasedSince(KeyOf(1), before));
  erasures.Add(KeyOf(7));
  EXPECT_TRUE(erasures.ErasedSince(KeyOf(1), before));
}

TEST(RecentErasuresTest, AKeyErasedAgainIsNotForgottenWithItsFirstErasure) {
  RecentErasures erasures;
  erasures.Add(KeyOf(1));
  erasures.Add(KeyOf(1));
  for (std::size_t i = 0; i + 1 < RecentErasures::kRemembered; ++i) erasures.Add(KeyOf(7));
  EXPECT_TRUE(erasures.Erased(KeyOf(1)));
  erasures.Add(KeyOf(7));
  EXPECT_FALSE(erasures.Erased(KeyOf(1)));
}

}  // namespace
}  // namespace larder
