#include "proxy/http/accept_encoding.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(AcceptEncodingTest, GzipIsTakenWhereItIsNamedAndNotRefused) {
  for (const char* value : {"gzip", "br, gzip", "GZIP;q=0.5", "*", "br;q=1.0, *;q=0.1",
                            "deflate, gzip;q=1.0, *;q=0", "gzip ; q=0.001", "identity,gzip"}) {
    EXPECT_TRUE(AcceptsGzip({{"accept-encoding", value}})) << value;
  }
  for (const char* value : {"", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "x-gzipped",
                            "gzip;q=0, *", "identity;q=1, *;q=0"}) {
    EXPECT_FALSE(AcceptsGzip({{"accept-encoding", value}})) << value;
  }
  EXPECT_FALSE(AcceptsGzip({}));
}

TEST(AcceptEncodingTest, SeveralFieldsAreOneList) {
  EXPECT_TRUE(AcceptsGzip({{"accept-encoding", "br"}, {"accept-encoding", "gzip"}}));
}

}  // namespace
}  // namespace larder
