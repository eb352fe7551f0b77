#include "proxy/openai/errors.h"

#include <gtest/gtest.h>

#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

struct Row {
  ErrorCode code;
  int status;
  const char* type;
  const char* openai_code;
};

// The table of docs/api.md, every row.
constexpr Row kRows[] = {
    {ErrorCode::kInvalidArgument, 400, "invalid_request_error", ""},
    {ErrorCode::kUnauthenticated, 401, "invalid_request_error", "invalid_api_key"},
    {ErrorCode::kForbidden, 403, "invalid_request_error", "forbidden"},
    {ErrorCode::kNotFound, 404, "invalid_request_error", "not_found"},
    {ErrorCode::kMethodNotAllowed, 405, "invalid_request_error", "method_not_allowed"},
    {ErrorCode::kTooLarge, 413, "invalid_request_error", "request_too_large"},
    {ErrorCode::kRateLimited, 429, "rate_limit_error", "rate_limit_exceeded"},
    {ErrorCode::kOverloaded, 503, "server_error", "overloaded"},
    {ErrorCode::kDeadlineExceeded, 504, "server_error", "upstream_timeout"},
    {ErrorCode::kUnavailable, 502, "server_error", "upstream_unavailable"},
    {ErrorCode::kInvalidReply, 502, "server_error", "upstream_invalid_reply"},
    {ErrorCode::kNotCached, 504, "invalid_request_error", "not_cached"},
    {ErrorCode::kLoop, 508, "invalid_request_error", "loop_detected"},
    {ErrorCode::kCorruption, 500, "server_error", "internal_error"},
    {ErrorCode::kIo, 503, "server_error", "storage_unavailable"},
    {ErrorCode::kCancelled, 503, "server_error", "cancelled"},
    {ErrorCode::kInternal, 500, "server_error", "internal_error"},
};

class ErrorRowTest : public testing::TestWithParam<Row> {};

TEST_P(ErrorRowTest, HasItsStatusTypeAndCode) {
  const Error error{GetParam().code, ErrorOrigin::kSelf, "what would fix it"};
  EXPECT_EQ(HttpStatusOf(error), GetParam().status);
  const Response response = RenderError(error);
  EXPECT_EQ(response.status, GetParam().status);
  EXPECT_EQ(response.headers.Find("content-type"), "application/json");
  EXPECT_EQ(StringIn(response.body, "error.message"), "what would fix it");
  EXPECT_EQ(StringIn(response.body, "error.type"), GetParam().type);
  EXPECT_EQ(StringIn(response.body, "error.code").value_or(""), GetParam().openai_code);
}

TEST_P(ErrorRowTest, TellsWhenToRetryWhereThatHelps) {
  const Response response = RenderError(Error{GetParam().code, ErrorOrigin::kSelf, "m"});
  const bool retry = GetParam().status == 429 || GetParam().status == 503;
  EXPECT_EQ(response.headers.Has("retry-after"), retry);
  EXPECT_EQ(response.headers.Has("retry-after-ms"), retry);
}

TEST_P(ErrorRowTest, StopsTheSdksFromRetryingWhatCannotChange) {
  // They repeat every 5xx unless x-should-retry says no.
  const Response response = RenderError(Error{GetParam().code, ErrorOrigin::kSelf, "m"});
  const bool hopeless =
      GetParam().code == ErrorCode::kNotCached || GetParam().code == ErrorCode::kLoop;
  EXPECT_EQ(response.headers.Find("x-should-retry").value_or(""), hopeless ? "false" : "");
}

INSTANTIATE_TEST_SUITE_P(All, ErrorRowTest, testing::ValuesIn(kRows), [](const auto& info) {
  std::string name;
  for (const char c : ErrorCodeName(info.param.code)) {
    if (c != '-') name.push_back(c);
  }
  return name;
});

TEST(RenderErrorTest, NamesTheParameterAtFaultAndIsNullWithoutOne) {
  EXPECT_EQ(StringIn(RenderError(InvalidArgument("m", "input[3]")).body, "error.param"),
            "input[3]");
  EXPECT_EQ(RenderError(InvalidArgument("m")).body,
            R"({"error":{"message":"m","type":"invalid_request_error","param":null,"code":null}})");
}

TEST(RenderErrorTest, IsJsonWhateverTheMessageHolds) {
  const std::string odd = "\"\\\n\x01{}";
  EXPECT_EQ(StringIn(RenderError(InvalidArgument(odd, odd)).body, "error.message"), odd);
  EXPECT_EQ(StringIn(RenderError(InvalidArgument(odd, odd)).body, "error.param"), odd);
}

}  // namespace
}  // namespace larder
