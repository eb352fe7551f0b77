#include "proxy/upstream/upstream_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_upstream.h"

namespace larder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

UpstreamOptions Named(std::string name) {
  UpstreamOptions options;
  options.name = std::move(name);
  return options;
}

class UpstreamSetTest : public testing::Test {
 protected:
  // "label=model" of each candidate, in order.
  std::vector<std::string> Choose(const std::vector<UpstreamOptions>& options,
                                  std::string_view model, std::string_view path) {
    std::vector<std::unique_ptr<FakeUpstream>> fakes;
    std::vector<Upstream*> upstreams;
    for (const UpstreamOptions& one : options) {
      upstreams.push_back(fakes.emplace_back(std::make_unique<FakeUpstream>(one.name)).get());
    }
    const auto set = UpstreamSet::Over(options, upstreams);
    EXPECT_TRUE(set.ok()) << set.error().message;
    std::vector<std::string> candidates;
    for (const Candidate& candidate : (*set)->Choose(model, path)) {
      candidates.push_back(candidate.upstream->name() + "=" + candidate.model);
    }
    return candidates;
  }
  std::string CreateFails(std::vector<UpstreamOptions> options) {
    const auto set = UpstreamSet::Create(std::move(options), clock_);
    EXPECT_FALSE(set.ok());
    if (set.ok()) return "";
    EXPECT_EQ(set.error().code, ErrorCode::kInvalidArgument);
    return set.error().message;
  }

  SystemClock clock_;
};

TEST_F(UpstreamSetTest, TheFirstWhosePatternsMatchModelAndPathIsChosen) {
  UpstreamOptions claude = Named("claude");
  claude.models = {"claude-*", "haiku"};
  UpstreamOptions local = Named("local");
  local.models = {"nomic-*"};
  local.paths = {"/embeddings", "/models*"};
  const std::vector<UpstreamOptions> options = {claude, local, Named("rest"), Named("never")};
  EXPECT_THAT(Choose(options, "claude-3", "/messages"), ElementsAre("claude=claude-3"));
  EXPECT_THAT(Choose(options, "haiku", "/chat/completions"), ElementsAre("claude=haiku"));
  EXPECT_THAT(Choose(options, "nomic-1", "/embeddings"), ElementsAre("local=nomic-1"));
  EXPECT_THAT(Choose(options, "nomic-1", "/chat/completions"), ElementsAre("rest=nomic-1"));
  EXPECT_THAT(Choose(options, "gpt", "/embeddings"), ElementsAre("rest=gpt"));
}

TEST_F(UpstreamSetTest, ARequestWithoutAModelGoesToAnUpstreamWithoutModelPatterns) {
  UpstreamOptions claude = Named("claude");
  claude.models = {"claude-*"};
  UpstreamOptions any = Named("any");
  any.models = {"*"};
  EXPECT_THAT(Choose({claude, Named("rest")}, "", "/files"), ElementsAre("rest="));
  EXPECT_THAT(Choose({claude, any, Named("rest")}, "", "/files"), ElementsAre("any="));
}

TEST_F(UpstreamSetTest, WhenNoneMatchesTheLastIsChosen) {
  UpstreamOptions a = Named("a");
  a.models = {"a"};
  UpstreamOptions b = Named("b");
  b.models = {"b"};
  EXPECT_THAT(Choose({a, b}, "c", "/x"), ElementsAre("b=c"));
}

TEST_F(UpstreamSetTest, FallbacksFollowInTheirOrderWhateverTheirPatternsAndWithoutTheirOwn) {
  UpstreamOptions a = Named("a");
  a.fallbacks = {"c", "b"};
  UpstreamOptions b = Named("b");
  b.models = {"other"};
  UpstreamOptions c = Named("c");
  c.fallbacks = {"a", "b"};
  EXPECT_THAT(Choose({a, b, c}, "m", "/x"), ElementsAre("a=m", "c=m", "b=m"));
}

TEST_F(UpstreamSetTest, EachUpstreamHasItsOwnNamesForAModelAndPatternsSeeTheNameAsAsked) {
  UpstreamOptions a = Named("a");
  a.models = {"fast"};
  a.aliases = {{"fast", "claude-haiku"}, {"fast-2", "x"}};
  a.fallbacks = {"b", "c"};
  UpstreamOptions b = Named("b");
  b.models = {"claude-haiku"};
  b.aliases = {{"claude-haiku", "wrong"}, {"fast", "gpt-mini"}};
  EXPECT_THAT(Choose({a, b, Named("c")}, "fast", "/x"),
              ElementsAre("a=claude-haiku", "b=gpt-mini", "c=fast"));
}

TEST_F(UpstreamSetTest, NamesThatAreAmbiguousOrUnknownAreRefusedWithASentence) {
  EXPECT_THAT(CreateFails({}), HasSubstr("at least one"));
  EXPECT_THAT(CreateFails({Named("a"), Named("b"), Named("a")}), HasSubstr("named \"a\""));
  UpstreamOptions a = Named("a");
  a.fallbacks = {"nobody"};
  EXPECT_THAT(CreateFails({a, Named("b")}), HasSubstr("\"nobody\" is no upstream"));
  a.fallbacks = {"a"};
  EXPECT_THAT(CreateFails({a, Named("b")}), HasSubstr("itself"));
  a.fallbacks = {"b", "b"};
  EXPECT_THAT(CreateFails({a, Named("b")}), HasSubstr("twice"));
}

TEST_F(UpstreamSetTest, UpstreamsAreMadeOfTheirOptions) {
  UpstreamOptions http = Named("http");
  http.url = "http://127.0.0.1:1/v1";
  http.paths = {"/x"};
  const auto set = UpstreamSet::Create({http, Named("offline")}, clock_);
  ASSERT_TRUE(set.ok());
  Upstream& first = *(*set)->Choose("m", "/x")[0].upstream;
  Upstream& second = *(*set)->Choose("m", "/models")[0].upstream;
  EXPECT_EQ(first.name(), "http://127.0.0.1:1/v1");
  EXPECT_EQ(first.label(), "http");
  EXPECT_EQ(second.name(), "builtin");
  const auto reply = second.Send({.method = "GET", .path_and_query = "/models"});
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 200);
}

TEST_F(UpstreamSetTest, AfterAbortNothingIsSent) {
  UpstreamOptions http = Named("http");
  http.url = "http://127.0.0.1:1/v1";
  const auto set = UpstreamSet::Create({http}, clock_);
  ASSERT_TRUE(set.ok());
  (*set)->Abort();
  const auto reply =
      (*set)->Choose("m", "/x")[0].upstream->Send({.method = "GET", .path_and_query = "/models"});
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kCancelled);
}

TEST(IsFailoverTest, AsksTheNextUpstreamForWhatThisOneIsToBlameForAlone) {
  const auto with_status = [](int status) {
    return IsFailover(UpstreamReply{.status = status, .headers = {}, .body = nullptr});
  };
  for (const int status : {408, 429, 500, 502, 503, 504, 529}) {
    EXPECT_TRUE(with_status(status)) << status;
    EXPECT_TRUE(IsFailover(status)) << status;
  }
  for (const int status : {200, 204, 301, 400, 401, 403, 404, 409, 413, 422, 501}) {
    EXPECT_FALSE(with_status(status)) << status;
  }
  for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kInvalidReply,
                               ErrorCode::kDeadlineExceeded, ErrorCode::kOverloaded}) {
    EXPECT_TRUE(IsFailover(UpstreamError(code, ""))) << ErrorCodeName(code);
  }
  for (const ErrorCode code :
       {ErrorCode::kInvalidArgument, ErrorCode::kCancelled, ErrorCode::kTooLarge}) {
    EXPECT_FALSE(IsFailover(UpstreamError(code, ""))) << ErrorCodeName(code);
  }
}

}  // namespace
}  // namespace larder
