#include "proxy/cache_directives.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

using std::chrono::seconds;

CacheDirectives Parsed(const Headers& headers) {
  auto directives = ParseCacheDirectives(headers);
  EXPECT_TRUE(directives.ok());
  return directives.ok() ? std::move(directives).value() : CacheDirectives{};
}

TEST(CacheDirectivesTest, AskForNothingByDefault) {
  const CacheDirectives none = Parsed({});
  EXPECT_TRUE(none.may_read());
  EXPECT_TRUE(none.may_store());
  EXPECT_FALSE(none.only_if_cached);
  EXPECT_FALSE(none.max_age.has_value());
  EXPECT_FALSE(none.lifetime.has_value());
  EXPECT_EQ(none.custom_key, "");
  EXPECT_EQ(none.name_space, "");
}

TEST(CacheDirectivesTest, DecideWhetherTheCacheMayBeReadAndWritten) {
  const struct {
    const char* name;
    Headers headers;
    bool may_read;
    bool may_store;
  } kCases[] = {
      {"no-cache", {{"Cache-Control", "no-cache"}}, false, true},
      {"no-store", {{"Cache-Control", "no-store"}}, false, false},
      {"in capitals", {{"CACHE-CONTROL", "No-Store"}}, false, false},
      {"in a list", {{"cache-control", "foo, , bar=\"x\" ,\tno-cache"}}, false, true},
      {"over two fields", {{"cache-control", "foo"}, {"cache-control", "no-store"}}, false, false},
      {"with an argument", {{"cache-control", "no-cache=\"x\""}}, false, true},
      {"a longer word", {{"cache-control", "no-cached, no-stores, xno-store"}}, true, true},
      {"another field", {{"pragma", "no-store"}}, true, true},
      {"skip true", {{"cf-aig-skip-cache", "true"}}, false, false},
      {"skip TRUE", {{"cf-aig-skip-cache", "TRUE"}}, false, false},
      {"skip 1", {{"cf-aig-skip-cache", "1"}}, false, false},
      {"skip false", {{"cf-aig-skip-cache", "false"}}, true, true},
      {"skip empty", {{"cf-aig-skip-cache", ""}}, true, true},
  };
  for (const auto& c : kCases) {
    const CacheDirectives directives = Parsed(c.headers);
    EXPECT_EQ(directives.may_read(), c.may_read) << c.name;
    EXPECT_EQ(directives.may_store(), c.may_store) << c.name;
  }
}

TEST(CacheDirectivesTest, ReadMaxAgeAsSecondsAndIgnoreWhatIsNone) {
  const struct {
    const char* control;
    std::optional<seconds> max_age;
  } kCases[] = {
      {"max-age=0", seconds(0)},
      {"max-age=60", seconds(60)},
      {"Max-Age=\"60\"", seconds(60)},
      {"max-age = 60 ", seconds(60)},
      {"max-age=99999999999999999999", seconds(2147483648)},  // RFC 9111, section 1.2.2
      {"max-age", std::nullopt},
      {"max-age=", std::nullopt},
      {"max-age=-1", std::nullopt},
      {"max-age=6x", std::nullopt},
      {"max-age=1.5", std::nullopt},
      {"s-maxage=60", std::nullopt},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Parsed({{"cache-control", c.control}}).max_age, c.max_age) << c.control;
  }
  EXPECT_TRUE(Parsed({{"cache-control", "only-if-cached, max-age=5"}}).only_if_cached);
}

TEST(CacheDirectivesTest, TakeACacheTtlInItsRangeAndRefuseOthers) {
  EXPECT_EQ(Parsed({{"cf-aig-cache-ttl", "60"}}).lifetime, seconds(60));
  EXPECT_EQ(Parsed({{"cf-aig-cache-ttl", "2592000"}}).lifetime, seconds(2592000));
  for (const char* ttl : {"59", "2592001", "0", "-60", "", "x", "60s", "99999999999999999999"}) {
    const auto refused = ParseCacheDirectives({{"cf-aig-cache-ttl", ttl}});
    ASSERT_FALSE(refused.ok()) << ttl;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument) << ttl;
    EXPECT_EQ(refused.error().param, "cf-aig-cache-ttl") << ttl;
  }
}

TEST(CacheDirectivesTest, TakeNamesOfUpTo256Bytes) {
  for (const char* name : {"cf-aig-cache-key", "x-larder-namespace"}) {
    const auto taken = ParseCacheDirectives({{name, std::string(256, 'n')}});
    ASSERT_TRUE(taken.ok());
    EXPECT_EQ(taken->custom_key.size() + taken->name_space.size(), 256U);
    const auto refused = ParseCacheDirectives({{name, std::string(257, 'n')}});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().param, name);
  }
}

TEST(CacheDirectivesTest, SecondsBeyondAllTimesAreTheLongestOnes) {
  const seconds most{std::int64_t{1} << 31};
  for (const char* number : {"2147483649", "9223372036854775807", "9999999999999999999999"}) {
    const std::string text(number);
    EXPECT_EQ(Parsed({{"cache-control", "max-age=" + text}}).max_age, most) << text;
    EXPECT_EQ(Parsed({{"cache-control", "min-fresh=" + text}}).min_fresh, most) << text;
    EXPECT_EQ(Parsed({{"cache-control", "max-stale=" + text}}).max_stale, most) << text;
  }
}

}  // namespace
}  // namespace larder
