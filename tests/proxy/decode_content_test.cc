#include "proxy/upstream/decode_content.h"

#include <gtest/gtest.h>

#include "tests/support/deflated.h"

namespace larder {
namespace {

UpstreamReply Coded(const std::string& body, Headers headers) {
  headers.Add("content-type", "application/json");
  return {.status = 200, .headers = std::move(headers), .body = std::make_shared<StringBody>(body)};
}

std::string BodyOf(const UpstreamReply& reply) {
  const auto body = ReadWhole(*reply.body, 1000, MonoTime::max());
  return body.ok() ? *body : body.error().message;
}

TEST(DecodeContentTest, GzipAndDeflateAreDecodedAndNoLongerTold) {
  for (const std::string coding : {"gzip", "GZip", "x-gzip", "deflate", "Deflate"}) {
    const bool gzip = coding.ends_with("ip");
    auto reply = Coded(Deflate("{}", gzip ? Deflated::kGzip : Deflated::kZlib),
                       {{"Content-Encoding", coding}, {"Content-Length", "22"}});
    EXPECT_TRUE(DecodeContent(reply)) << coding;
    EXPECT_EQ(BodyOf(reply), "{}");
    EXPECT_EQ(reply.headers.fields(), Headers({{"content-type", "application/json"}}).fields());
  }
}

TEST(DecodeContentTest, AnAnswerWithoutACodingStaysAsItIs) {
  for (const Headers& headers :
       {Headers{}, Headers{{"content-encoding", "identity"}}, Headers{{"content-encoding", ""}}}) {
    auto reply = Coded("{}", headers);
    const auto body = reply.body;
    EXPECT_TRUE(DecodeContent(reply));
    EXPECT_EQ(reply.body, body);
    EXPECT_EQ(BodyOf(reply), "{}");
  }
}

TEST(DecodeContentTest, OtherCodingsAndListsAreLeftAlone) {
  for (const Headers& headers :
       {Headers{{"content-encoding", "br"}}, Headers{{"content-encoding", "zstd"}},
        Headers{{"content-encoding", "gzip, gzip"}}, Headers{{"content-encoding", "gzip, br"}},
        Headers{{"content-encoding", "gzip"}, {"content-encoding", "gzip"}}}) {
    auto reply = Coded("coded", headers);
    EXPECT_FALSE(DecodeContent(reply));
    EXPECT_TRUE(reply.headers.Has("content-encoding"));
    EXPECT_EQ(BodyOf(reply), "coded");
  }
}

}  // namespace
}  // namespace larder
