#include "proxy/upstream/token_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larder {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

std::string Token(const std::string& more) {
  return R"({"access_token":"t0","token_type":"Bearer")" + more + "}";
}

TEST(TokenReplyTest, TheLifeIsANumberOrAStringOfOneAndADayAtMost) {
  struct Case {
    const char* more;
    seconds lifetime;
  };
  for (const Case& c :
       {Case{R"(,"expires_in":3599)", seconds(3599)},
        Case{R"(,"expires_in":"3599","ext_expires_in":"1")", seconds(3599)},
        Case{R"(,"expires_in":60.0)", seconds(60)}, Case{R"(,"expires_in":1)", seconds(1)},
        Case{R"(,"expires_in":1000000)", seconds(86'400)},
        Case{R"(,"expires_in":9000000000000000000)", seconds(86'400)},
        Case{R"(,"expires_in":null)", kAssumedTokenLife}, Case{"", kAssumedTokenLife}}) {
    const auto reply = ParseTokenReply(200, Token(c.more));
    ASSERT_TRUE(reply.ok()) << c.more << reply.error().message;
    EXPECT_EQ(reply->access_token, "t0");
    EXPECT_EQ(reply->lifetime, c.lifetime) << c.more;
  }
}

TEST(TokenReplyTest, TheTypeIsBearerInAnyCase) {
  EXPECT_TRUE(ParseTokenReply(200, R"({"access_token":"t","token_type":"bearer"})").ok());
  EXPECT_TRUE(ParseTokenReply(201, R"({"access_token":"t","token_type":"BEARER"})").ok());
}

TEST(TokenReplyTest, WhatIsNoTokenIsAnInvalidReplyAndIsNotShown) {
  const std::string long_token(kMaxTokenBytes + 1, 'x');
  struct Case {
    std::string body;
    const char* says;
  };
  for (const Case& c : {
           Case{"", "no JSON object"},
           Case{"<html>hunter2", "no JSON object"},
           Case{R"(["hunter2"])", "no JSON object"},
           Case{Token("") + "x", "no JSON object"},
           Case{"{}", "without an access_token"},
           Case{R"({"access_token":5,"token_type":"Bearer"})", "without an access_token"},
           Case{R"({"access_token":"","token_type":"Bearer"})", "no header field"},
           Case{R"({"access_token":"hunter2 x","token_type":"Bearer"})", "no header field"},
           Case{R"({"access_token":"hunter2\r\nx: y","token_type":"Bearer"})", "no header field"},
           Case{R"({"access_token":"é","token_type":"Bearer"})", "no header field"},
           Case{R"({"access_token":")" + long_token + R"(","token_type":"Bearer"})",
                "no header field"},
           Case{R"({"access_token":"hunter2"})", "token_type is not"},
           Case{R"({"access_token":"hunter2","token_type":"mac"})", "token_type is not"},
           Case{Token(R"(,"expires_in":0)"), "expires_in"},
           Case{Token(R"(,"expires_in":-5)"), "expires_in"},
           Case{Token(R"(,"expires_in":1.5)"), "expires_in"},
           Case{Token(R"(,"expires_in":"soon")"), "expires_in"},
           Case{Token(R"(,"expires_in":"60 ")"), "expires_in"},
           Case{Token(R"(,"expires_in":{})"), "expires_in"},
       }) {
    const auto reply = ParseTokenReply(200, c.body);
    ASSERT_FALSE(reply.ok()) << c.body;
    EXPECT_EQ(reply.error().code, ErrorCode::kInvalidReply) << c.body;
    EXPECT_THAT(reply.error().message, HasSubstr(c.says));
    EXPECT_EQ(reply.error().message.find("hunter2"), std::string::npos);
  }
}

TEST(TokenReplyTest, ARefusalIsToldByItsCodeWithAdviceAndNothingElseOfIt) {
  struct Case {
    int status;
    const char* body;
    const char* message;
  };
  for (const Case& c : {
           Case{400, R"({"error":"invalid_scope","error_description":"hunter2"})",
                "refused with invalid_scope: check oauth_scope"},
           Case{401, R"({"error":"invalid_client","error_codes":[7000215],"correlation_id":"x"})",
                "refused with invalid_client 7000215: check oauth_client_id, its secret and "
                "oauth_auth"},
           Case{401, R"({"error":"invalid_client","error_codes":["hunter2"]})",
                "refused with invalid_client: check oauth_client_id, its secret and oauth_auth"},
           Case{200, R"({"error":"access_denied"})",
                "refused with access_denied: the client is not allowed to"},
           Case{400, R"({"error":"hunter2"})", "answered with status 400 and an error of its own"},
           Case{403, R"({"error":{"message":"hunter2"}})", "answered with status 403"},
           Case{500, "hunter2", "answered with status 500"},
           Case{503, "", "answered with status 503"},
           Case{404, "", "answered with status 404: check oauth_token_url"},
           Case{302, "",
                "answered with status 302; a secret is not sent on, so oauth_token_url "
                "must be where that leads"},
       }) {
    const auto reply = ParseTokenReply(c.status, c.body);
    ASSERT_FALSE(reply.ok());
    EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable) << c.body;
    EXPECT_EQ(reply.error().message, c.message);
  }
}

}  // namespace
}  // namespace larder
