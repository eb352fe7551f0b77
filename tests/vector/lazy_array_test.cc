#include "vector/lazy_array.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace larder {
namespace {

TEST(LazyArrayTest, IsZeroAndKeepsWhatIsWritten) {
  LazyArray<std::uint32_t> array(100'000);
  EXPECT_EQ(array.size(), 100'000U);
  EXPECT_EQ(array[0], 0U);
  EXPECT_EQ(array[99'999], 0U);
  array[99'999] = 7;
  EXPECT_EQ(array.data()[99'999], 7U);
}

TEST(LazyArrayTest, MayBeFarLargerThanMemory) {
  LazyArray<std::uint64_t> array(std::size_t{1} << 36, Pages::kHuge);  // 512 GiB
  array[0] = 1;
  array[(std::size_t{1} << 36) - 1] = 2;
  EXPECT_EQ(array[0] + array[(std::size_t{1} << 36) - 1], 3U);
}

TEST(LazyArrayTest, ThrowsWhenTheAddressSpaceIsRefused) {
  EXPECT_THROW(LazyArray<char>(std::size_t{1} << 62), std::bad_alloc);
}

TEST(LazyArrayTest, MovesWithItsContents) {
  LazyArray<int> first(10);
  first[3] = 4;
  const int* data = first.data();
  LazyArray<int> second(std::move(first));
  EXPECT_EQ(second.data(), data);
  LazyArray<int> third;
  EXPECT_EQ(third.size(), 0U);
  EXPECT_EQ(third.data(), nullptr);
  third = std::move(second);
  EXPECT_EQ(third[3], 4);
}

}  // namespace
}  // namespace larder
