#include "proxy/http/http_date.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(HttpDateTest, ReadsTheFormThatIsGenerated) {
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), FromUnixMillis(784111777000));
  EXPECT_EQ(ParseHttpDate("Thu, 01 Jan 1970 00:00:00 GMT"), FromUnixMillis(0));
  EXPECT_EQ(ParseHttpDate("Thu, 29 Feb 2024 23:59:60 GMT"), FromUnixMillis(1709251200000));
}

TEST(HttpDateTest, EverythingElseIsNoDate) {
  for (const std::string_view text :
       {"", "0", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT "}) {
    EXPECT_FALSE(ParseHttpDate(text)) << text;
  }
}

}  // namespace
}  // namespace larder
