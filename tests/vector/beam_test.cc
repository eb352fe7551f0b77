#include "vector/beam.h"

#include <gtest/gtest.h>

#include "tests/support/vector_samples.h"

namespace larder {
namespace {

std::vector<std::uint32_t> Slots(const Beam& beam) {
  std::vector<std::uint32_t> slots;
  for (const Beam::Place& place : beam.places()) slots.push_back(place.slot);
  return slots;
}

TEST(BeamTest, KeepsTheNearestInOrder) {
  Beam beam(3);
  EXPECT_TRUE(beam.Offer(3, 30));
  EXPECT_TRUE(beam.Offer(1, 10));
  EXPECT_TRUE(beam.Offer(2, 20));
  EXPECT_FALSE(beam.Offer(3, 31));
  EXPECT_FALSE(beam.Offer(4, 40));
  EXPECT_TRUE(beam.Offer(0, 0));
  EXPECT_EQ(Slots(beam), (std::vector<std::uint32_t>{0, 10, 20}));
}

TEST(BeamTest, EqualsStandInTheOrderOfTheirOffers) {
  Beam beam(4);
  for (const std::uint32_t slot : {7U, 3U, 5U}) beam.Offer(1, slot);
  EXPECT_EQ(Slots(beam), (std::vector<std::uint32_t>{7, 3, 5}));
}

TEST(BeamTest, GoesOnFromEachSlotOnceNearestFirst) {
  Beam beam(4);
  beam.Offer(2, 20);
  beam.Offer(1, 10);
  EXPECT_EQ(beam.Next(), 10U);
  beam.Offer(0, 1);
  beam.Offer(3, 30);
  EXPECT_EQ(beam.Next(), 1U);
  EXPECT_EQ(beam.Next(), 20U);
  EXPECT_EQ(beam.Next(), 30U);
  EXPECT_EQ(beam.Next(), std::nullopt);
  beam.Offer(1.5, 15);
  EXPECT_EQ(beam.Next(), 15U);
  EXPECT_EQ(beam.Next(), std::nullopt);
}

TEST(BeamTest, OfOneKeepsTheNearest) {
  Beam beam(1);
  EXPECT_EQ(beam.Next(), std::nullopt);
  EXPECT_TRUE(beam.Offer(2, 20));
  EXPECT_EQ(beam.Next(), 20U);
  EXPECT_TRUE(beam.Offer(1, 10));
  EXPECT_EQ(beam.Next(), 10U);
  EXPECT_EQ(Slots(beam), (std::vector<std::uint32_t>{10}));
}

TEST(BeamTest, NeverGoesOnTwiceWhateverIsOffered) {
  VectorSamples samples(1);
  for (int round = 0; round < 200; ++round) {
    Beam beam(1 + samples.Below(20));
    std::vector<bool> left(500);
    std::uint32_t offered = 0;
    for (int step = 0; step < 300; ++step) {
      if (offered < left.size() && samples.Below(3) > 0) {
        beam.Offer(static_cast<float>(samples.Below(50)), offered++);
      } else if (const auto slot = beam.Next()) {
        ASSERT_FALSE(left[*slot]);
        left[*slot] = true;
      }
    }
    while (const auto slot = beam.Next()) left[*slot] = true;
    for (const std::uint32_t slot : Slots(beam)) EXPECT_TRUE(left[slot]);
  }
}

}  // namespace
}  // namespace larder
