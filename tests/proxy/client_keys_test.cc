#include "proxy/access/client_keys.h"

#include <gmock/gmock.h>

#include "base/bytes.h"
#include "cache/memory_store.h"
#include "tests/support/faulty_store.h"
#include "tests/support/manual_clock.h"

namespace larder {
namespace {

using testing::HasSubstr;

class ClientKeysTest : public testing::Test {
 protected:
  ClientKeys::New Make(const std::string& tenant = "acme",
                       std::optional<std::chrono::seconds> lifetime = std::nullopt) {
    auto made = keys_.Create("ci", tenant, lifetime);
    EXPECT_TRUE(made.ok());
    return std::move(made).value();
  }

  ManualClock clock_;
  MemoryStore memory_;
  FaultyStore store_{memory_};
  ClientKeys keys_{store_, clock_};
};

TEST_F(ClientKeysTest, ASecretNamesItsTenant) {
  const auto made = Make();
  EXPECT_TRUE(made.secret.starts_with("lk_"));
  EXPECT_GE(made.secret.size(), 40U);
  const auto tenant = keys_.TenantOf(made.secret);
  ASSERT_TRUE(tenant.ok());
  EXPECT_EQ(*tenant, "acme");
}

TEST_F(ClientKeysTest, WhatIsNoSecretIsUnauthenticated) {
  const auto made = Make();
  for (const std::string& secret :
       {std::string("lk_"), made.secret + "0", made.secret.substr(1), made.key.id}) {
    const auto tenant = keys_.TenantOf(secret);
    ASSERT_FALSE(tenant.ok()) << secret;
    EXPECT_EQ(tenant.error().code, ErrorCode::kUnauthenticated);
    EXPECT_THAT(tenant.error().message, testing::Not(HasSubstr(secret)));
  }
}

TEST_F(ClientKeysTest, SecretsAreStoredAsHashesAlone) {
  const auto made = Make();
  ASSERT_TRUE(memory_
                  .ForEach(Family::kClientKeys, "",
                           [&](std::string_view key, std::string_view value) {
                             EXPECT_EQ(key, made.key.id);
                             EXPECT_THAT(std::string(value),
                                         testing::Not(HasSubstr(made.secret.substr(8))));
                             return true;
                           })
                  .ok());
}

TEST_F(ClientKeysTest, SurviveARestart) {
  const auto made = Make("acme", std::chrono::hours(1));
  ClientKeys again(store_, clock_);
  ASSERT_TRUE(again.Load().ok());
  EXPECT_TRUE(again.TenantOf(made.secret).ok());
  ASSERT_EQ(again.List().size(), 1U);
  const ClientKey key = *again.List()[0].key;
  EXPECT_EQ(key.id, made.key.id);
  EXPECT_EQ(key.name, "ci");
  EXPECT_EQ(key.hint, made.secret.substr(0, 7));
  EXPECT_EQ(key.expires_at, made.key.expires_at);
}

TEST_F(ClientKeysTest, ARevokedKeyIsRefusedAndStaysSo) {
  const auto made = Make();
  EXPECT_NE(keys_.Revoke(made.key.id).value(), nullptr);
  EXPECT_FALSE(keys_.TenantOf(made.secret).ok());
  EXPECT_EQ(keys_.Revoke(made.key.id).value(), nullptr);
  ClientKeys again(store_, clock_);
  ASSERT_TRUE(again.Load().ok());
  EXPECT_FALSE(again.TenantOf(made.secret).ok());
}

TEST_F(ClientKeysTest, AKeyExpiresExactlyAtItsTime) {
  const auto made = Make("acme", std::chrono::seconds(10));
  clock_.Advance(std::chrono::seconds(9));
  EXPECT_TRUE(keys_.TenantOf(made.secret).ok());
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_FALSE(keys_.TenantOf(made.secret).ok());
}

TEST_F(ClientKeysTest, TellsWhenAKeyWasLastUsed) {
  const auto made = Make();
  EXPECT_FALSE(keys_.List()[0].last_used_at.has_value());
  ASSERT_TRUE(keys_.TenantOf(made.secret).ok());
  EXPECT_EQ(keys_.List()[0].last_used_at, clock_.Now());
}

TEST_F(ClientKeysTest, AStoreThatFailsMakesAndRevokesNothing) {
  const auto made = Make();
  store_.FailWrites(true);
  EXPECT_FALSE(keys_.Create("a", "b", std::nullopt).ok());
  EXPECT_FALSE(keys_.Revoke(made.key.id).ok());
  EXPECT_EQ(keys_.List().size(), 1U);
  EXPECT_TRUE(keys_.TenantOf(made.secret).ok());
}

TEST_F(ClientKeysTest, ADamagedRecordIsCountedAndTheOthersWork) {
  const auto made = Make();
  WriteBatch batch;
  batch.Put(Family::kClientKeys, "key_0", "damaged");
  ASSERT_TRUE(memory_.Apply(batch).ok());
  ClientKeys again(store_, clock_);
  const auto unreadable = again.Load();
  ASSERT_TRUE(unreadable.ok());
  EXPECT_EQ(*unreadable, 1U);
  EXPECT_TRUE(again.TenantOf(made.secret).ok());
}

TEST_F(ClientKeysTest, RefusesNamesAndTenantsThatAreNone) {
  EXPECT_FALSE(keys_.Create("", "a", std::nullopt).ok());
  EXPECT_FALSE(keys_.Create(std::string(129, 'n'), "a", std::nullopt).ok());
  for (const std::string& tenant : {std::string(), std::string("a b"), std::string(129, 't')}) {
    EXPECT_FALSE(keys_.Create("n", tenant, std::nullopt).ok()) << tenant;
  }
}

TEST(ClientSecretTest, IsFoundInAnyCredentialField) {
  const auto credential = [](std::string_view name, std::string_view value) {
    std::string out;
    ByteWriter writer(out);
    writer.Prefixed(name);
    writer.Prefixed(value);
    return out;
  };
  EXPECT_EQ(ClientSecretIn(credential("authorization", "Bearer lk_1")), "lk_1");
  EXPECT_EQ(ClientSecretIn(credential("authorization", "bearer   lk_1")), "lk_1");
  EXPECT_EQ(ClientSecretIn(credential("x-api-key", "lk_1")), "lk_1");
  EXPECT_EQ(ClientSecretIn(credential("x-a", "sk-1") + credential("api-key", "lk_2")), "lk_2");
  EXPECT_EQ(ClientSecretIn(credential("authorization", "Bearer sk-lk_1")), "");
  EXPECT_EQ(ClientSecretIn(""), "");
  EXPECT_EQ(ClientSecretIn("lk_ but no credential"), "");
}

}  // namespace
}  // namespace larder
