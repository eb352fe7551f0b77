#include "proxy/upstream/token_store.h"

#include <gtest/gtest.h>

#include "cache/memory_store.h"
#include "tests/support/faulty_store.h"
#include "tests/support/manual_clock.h"

namespace larder {
namespace {

constexpr const char* kToken = "eyJhbGciOi.very-secret";

OAuthOptions Options() {
  OAuthOptions options;
  options.token_url = "https://login.example/token";
  options.client_id = "id";
  options.client_secret = "very-secret-too";
  return options;
}

class TokenStoreTest : public testing::Test {
 protected:
  TokenStore::Stored Token() const {
    return {kToken, clock_.Now(), clock_.Now() + std::chrono::hours(1)};
  }
  // The record of "azure".
  std::string Record() const {
    const std::string_view key = "azure";
    return store_.MultiGet(Family::kTokens, {&key, 1})->front().value_or("");
  }
  void Put(std::string record) {
    WriteBatch batch;
    batch.Put(Family::kTokens, "azure", std::move(record));
    ASSERT_TRUE(store_.Apply(batch).ok());
  }

  ManualClock clock_;
  MemoryStore store_;
  const Digest secret_ = DeriveSecret("master", "larder upstream tokens");
  const Digest identity_ = TokenIdentity("azure", Options());
  TokenStore tokens_{store_, secret_};
};

TEST_F(TokenStoreTest, WhatIsSavedIsLoadedAndForgottenOnRequest) {
  EXPECT_FALSE(tokens_.Load("azure", identity_));
  ASSERT_TRUE(tokens_.Save("azure", identity_, Token()).ok());
  const auto loaded = TokenStore(store_, secret_).Load("azure", identity_);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->token, kToken);
  EXPECT_EQ(loaded->received, Token().received);
  EXPECT_EQ(loaded->expires, Token().expires);
  ASSERT_TRUE(tokens_.Forget("azure").ok());
  EXPECT_FALSE(tokens_.Load("azure", identity_));
}

TEST_F(TokenStoreTest, NothingOfATokenIsReadableInTheStore) {
  ASSERT_TRUE(tokens_.Save("azure", identity_, Token()).ok());
  const std::string record = Record();
  EXPECT_GE(record.size(), std::string_view(kToken).size() + SecretBox::kOverhead);
  EXPECT_EQ(record.find("very-secret"), std::string::npos);
  EXPECT_EQ(record.find("eyJ"), std::string::npos);
}

TEST_F(TokenStoreTest, AnotherKeyUpstreamOrSettingOpensNothing) {
  ASSERT_TRUE(tokens_.Save("azure", identity_, Token()).ok());
  EXPECT_FALSE(
      TokenStore(store_, DeriveSecret("other", "larder upstream tokens")).Load("azure", identity_));
  EXPECT_FALSE(tokens_.Load("azure", TokenIdentity("google", Options())));
  OAuthOptions options = Options();
  options.client_secret = "rotated";
  EXPECT_FALSE(tokens_.Load("azure", TokenIdentity("azure", options)));
  options = Options();
  options.scope = "more";
  EXPECT_FALSE(tokens_.Load("azure", TokenIdentity("azure", options)));
  options = Options();
  options.timeout = std::chrono::milliseconds(1);  // has no part in whose token it is
  EXPECT_TRUE(tokens_.Load("azure", TokenIdentity("azure", options)));
}

TEST_F(TokenStoreTest, DamagedRecordsAreAsIfTheyWereNotThere) {
  ASSERT_TRUE(tokens_.Save("azure", identity_, Token()).ok());
  const std::string record = Record();
  for (std::size_t i = 0; i < record.size(); ++i) {
    std::string damaged = record;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    Put(damaged);
    EXPECT_FALSE(tokens_.Load("azure", identity_)) << i;
    Put(record.substr(0, i));
    EXPECT_FALSE(tokens_.Load("azure", identity_)) << i;
  }
}

TEST_F(TokenStoreTest, TokensOfUpstreamsThatAreGoneAreDeleted) {
  ASSERT_TRUE(tokens_.Save("azure", identity_, Token()).ok());
  ASSERT_TRUE(tokens_.Save("gone", TokenIdentity("gone", Options()), Token()).ok());
  const std::vector<std::string> names = {"azure", "google"};
  ASSERT_TRUE(tokens_.ForgetAllBut(names).ok());
  EXPECT_TRUE(tokens_.Load("azure", identity_));
  EXPECT_FALSE(tokens_.Load("gone", TokenIdentity("gone", Options())));
}

TEST_F(TokenStoreTest, AStoreThatFailsHasNoTokens) {
  FaultyStore faulty(store_);
  TokenStore tokens(faulty, secret_);
  ASSERT_TRUE(tokens.Save("azure", identity_, Token()).ok());
  faulty.FailReads(true);
  EXPECT_FALSE(tokens.Load("azure", identity_));
  faulty.FailWrites(true);
  EXPECT_FALSE(tokens.Save("azure", identity_, Token()).ok());
}

}  // namespace
}  // namespace larder
