#include "base/duration_text.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(DurationTextTest, IsSecondsOrHasAUnit) {
  using std::chrono::seconds;
  EXPECT_EQ(ParseDuration("90"), seconds(90));
  EXPECT_EQ(ParseDuration("15m"), seconds(900));
  EXPECT_EQ(ParseDuration("12h"), seconds(43'200));
  EXPECT_EQ(ParseDuration("7d"), seconds(604'800));
  for (const char* wrong : {"", "m", "-1s", "7 d", "7w", "1.5h", "9999999d"}) {
    EXPECT_FALSE(ParseDuration(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace larder
