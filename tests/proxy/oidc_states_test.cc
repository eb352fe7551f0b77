#include "proxy/admin/oidc_states.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/manual_clock.h"

namespace larder {
namespace {

class OidcStatesTest : public testing::Test {
 protected:
  ManualClock clock_;
  OidcStates states_{4, clock_};
};

TEST_F(OidcStatesTest, GivesBackWhatItKeptToTheBrowserThatBeganIt) {
  const auto begun = states_.Begin("tail");
  const auto taken = states_.Take(begun.state, begun.browser);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->view, "tail");
  EXPECT_EQ(taken->nonce, begun.kept.nonce);
  EXPECT_EQ(taken->code_verifier, begun.kept.code_verifier);
  EXPECT_EQ(taken->code_verifier.size(), 43U);  // RFC 7636, section 4.1
}

TEST_F(OidcStatesTest, AStateIsUsedOnce) {
  const auto begun = states_.Begin("");
  EXPECT_TRUE(states_.Take(begun.state, begun.browser));
  EXPECT_FALSE(states_.Take(begun.state, begun.browser));
}

TEST_F(OidcStatesTest, AnotherBrowserGetsNothingAndUsesItUp) {
  for (const char* browser : {"", "x"}) {
    const auto begun = states_.Begin("");
    EXPECT_FALSE(states_.Take(begun.state, browser));
    EXPECT_FALSE(states_.Take(begun.state, begun.browser));
  }
  const auto one = states_.Begin("");
  const auto other = states_.Begin("");
  EXPECT_FALSE(states_.Take(one.state, other.browser));
}

TEST_F(OidcStatesTest, AStateIsKeptTenMinutes) {
  const auto begun = states_.Begin("");
  const auto later = states_.Begin("");
  clock_.Advance(OidcStates::kLifetime - std::chrono::milliseconds(1));
  EXPECT_TRUE(states_.Take(begun.state, begun.browser));
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_FALSE(states_.Take(later.state, later.browser));
}

TEST_F(OidcStatesTest, BeyondTheMostTheOldestIsGivenUp) {
  const auto first = states_.Begin("");
  const auto second = states_.Begin("");
  for (int i = 0; i < 3; ++i) states_.Begin("");
  EXPECT_EQ(states_.size(), 4U);
  EXPECT_FALSE(states_.Take(first.state, first.browser));
  EXPECT_TRUE(states_.Take(second.state, second.browser));
}

TEST_F(OidcStatesTest, WhatExpiredIsForgotten) {
  for (int i = 0; i < 3; ++i) states_.Begin("");
  clock_.Advance(OidcStates::kLifetime);
  states_.Begin("");
  EXPECT_EQ(states_.size(), 1U);
}

TEST_F(OidcStatesTest, SecretsAreNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 50; ++i) {
    const auto begun = states_.Begin("");
    for (const std::string& secret :
         {begun.state, begun.browser, begun.kept.nonce, begun.kept.code_verifier}) {
      EXPECT_TRUE(seen.insert(secret).second);
    }
  }
}

}  // namespace
}  // namespace larder
