// The command line's client before servers that are none of ours. What stands behind it,
// cpp-httplib, has published faults; these are the ones that could reach it (docs/security.md has
// the list).
#include "app/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/deflated.h"
#include "tests/support/raw_server.h"

namespace larder {
namespace {

TEST(HttpClientTest, AFieldOrPathThatWouldEndItsLineIsNotSent) {  // CVE-2026-21428, CVE-2020-11709
  const RawServer server(RawServer::Answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  for (const char* token : {"a\r\nX-Injected: 1", "a\nb", "a\rb", "a\x7f"}) {
    const auto reply = CallServer(server.url(), "GET", "/", {{"authorization", token}});
    ASSERT_FALSE(reply.ok()) << token;
    EXPECT_EQ(reply.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_FALSE(CallServer(server.url(), "GET", "/", {{"a: b\r\nc", "d"}}).ok());
  for (const char* path : {"/a\r\nX-Injected: 1", "/a b", "/a\n"}) {
    EXPECT_FALSE(CallServer(server.url(), "GET", path).ok()) << path;
  }
  EXPECT_EQ(server.accepted(), 0U);
  EXPECT_TRUE(CallServer(server.url(), "GET", "/a%0d%0a", {{"authorization", "a%0d%0a"}}).ok());
}

TEST(HttpClientTest, ARedirectIsAnAnswerAndNotFollowed) {  // CVE-2026-32627, CVE-2026-33745
  const RawServer elsewhere(RawServer::Answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  const RawServer server(RawServer::Answering("HTTP/1.1 307 Go\r\nLocation: " + elsewhere.url() +
                                              "/\r\nContent-Length: 0\r\n\r\n"));
  const auto reply = CallServer(server.url(), "POST", "/", {{"authorization", "Bearer t"}}, "{}");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 307);
  EXPECT_EQ(elsewhere.accepted(), 0U);
}

TEST(HttpClientTest, ALengthThatIsNoneIsAnErrorOrNothing) {  // CVE-2026-31870, CVE-2026-45352
  for (const char* framing :
       {"Content-Length: abc\r\n\r\nx", "Content-Length: -1\r\n\r\nx",
        "Content-Length: 99999999999999999999999\r\n\r\nx", "Content-Length:\r\n\r\nx",
        "Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n"}) {
    const RawServer server(RawServer::AnsweringOnce(std::string("HTTP/1.1 200 OK\r\n") + framing));
    const auto reply = CallServer(server.url(), "GET", "/");
    if (reply.ok()) {
      EXPECT_LE(reply->body.size(), 1U) << framing;
    }
  }
}

TEST(HttpClientTest, WhatComesCompressedIsNotExpanded) {  // CVE-2026-22776, CVE-2026-28435
  const std::string bomb = Deflate(std::string(64U << 20, '0'));
  const RawServer server(
      RawServer::Answering("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                           std::to_string(bomb.size()) + "\r\n\r\n" + bomb));
  const auto reply = CallServer(server.url(), "GET", "/");
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->body.size(), bomb.size());
}

}  // namespace
}  // namespace larder
