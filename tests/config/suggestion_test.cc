#include "config/suggestion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larder {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(SuggestionTest, NamesTheSettingThatWasMeant) {
  struct Case {
    const char* key;
    const char* meant;
  };
  for (const Case& c : {
           Case{"server.lisen", "server.listen"},
           Case{"server.listne", "server.listen"},
           Case{"server.drain_timeout", "server.drain_timeout_s"},
           Case{"Server.Worker_threads", "server.worker_threads"},
           Case{"cache.embedding.lifetime_s", "cache.embeddings.lifetime_s"},
           Case{"worker_threads", "server.worker_threads"},
           Case{"cors_origins", "server.cors_origins"},
           Case{"server.data_dir", "data_dir"},
           Case{"datadir", "data_dir"},
           Case{"log.levle", "log.level"},
           Case{"upstreams.fallback", "upstreams.fallbacks"},
           Case{"cache.lifetimes.model", "cache.lifetimes.models"},
           Case{"upstreams.cors_origins", "server.cors_origins"},
       }) {
    EXPECT_EQ(UnknownSetting(c.key),
              "unknown setting " + std::string(c.key) + "; did you mean " + c.meant + "?");
  }
}

TEST(SuggestionTest, NamesTheTableThatWasMeant) {
  EXPECT_EQ(UnknownTable("serve"), "unknown table serve; did you mean server?");
  EXPECT_EQ(UnknownTable("cache.embedding"),
            "unknown table cache.embedding; did you mean cache.embeddings?");
  EXPECT_EQ(UnknownTable("embeddings"), "unknown table embeddings; did you mean cache.embeddings?");
}

TEST(SuggestionTest, SaysWhereAllAreListedWhenNoneIsNear) {
  EXPECT_EQ(UnknownSetting("frobnication"),
            "unknown setting frobnication; \"larder print-config\" lists all there are");
  EXPECT_THAT(UnknownTable("frobnication"), HasSubstr("lists all there are"));
}

TEST(SuggestionTest, SaysWhereSecretsDoNotBelong) {
  EXPECT_THAT(UnknownSetting("upstream.api_key"), HasSubstr("a secret never stands here"));
}

TEST(SuggestionTest, IsOneShortLineWhateverTheKey) {
  EXPECT_THAT(UnknownSetting("\"a\nb\""), Not(HasSubstr("\n")));
  EXPECT_LT(UnknownSetting(std::string(100'000, 'x')).size(), 300U);
}

TEST(SuggestionTest, KnowsTheTables) {
  for (const char* table : {"server", "cache", "cache.store", "admin", "log"}) {
    EXPECT_TRUE(IsSettingTable(table)) << table;
  }
  for (const char* key : {"", "serve", "server.listen", "cache.", "data_dir"}) {
    EXPECT_FALSE(IsSettingTable(key)) << key;
  }
}

}  // namespace
}  // namespace larder
