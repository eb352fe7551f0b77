#include "proxy/admin/login_limit.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace larder {
namespace {

class LoginLimitTest : public testing::Test {
 protected:
  ManualClock clock_;
  LoginLimit limit_{{3}, clock_};
};

TEST_F(LoginLimitTest, AnAddressMayFailSoOftenWithinAMinute) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(limit_.Wait("10.0.0.1:1"), std::chrono::seconds(0));
    EXPECT_TRUE(limit_.Admit("10.0.0.1:" + std::to_string(i)));
    clock_.Advance(std::chrono::seconds(10));
  }
  EXPECT_FALSE(limit_.Admit("10.0.0.1:99"));
  EXPECT_EQ(limit_.Wait("10.0.0.1:1"), std::chrono::seconds(30));
  EXPECT_TRUE(limit_.Admit("10.0.0.2:99"));
  clock_.Advance(std::chrono::seconds(30));
  EXPECT_TRUE(limit_.Admit("10.0.0.1:99"));
  EXPECT_FALSE(limit_.Admit("10.0.0.1:99"));
}

TEST_F(LoginLimitTest, WhatWasNoFailureDoesNotCount) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(limit_.Admit("10.0.0.1:1"));
    limit_.Forgive("10.0.0.1:2");
  }
  limit_.Forgive("10.0.0.9:1");
}

TEST_F(LoginLimitTest, AnIpv6AddressCountsByItsFirst64Bits) {
  for (const char* peer : {"[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8:0:0:9::3]:1"}) {
    EXPECT_TRUE(limit_.Admit(peer)) << peer;
  }
  EXPECT_FALSE(limit_.Admit("[2001:db8::4]:1"));
  EXPECT_TRUE(limit_.Admit("[2001:db8:0:1::1]:1"));
}

TEST_F(LoginLimitTest, AllAddressesTogetherMayFailTenTimesAsOften) {
  for (int i = 0; i < 30; ++i) {
    EXPECT_TRUE(limit_.Admit("10.0.0." + std::to_string(i) + ":1")) << i;
  }
  EXPECT_FALSE(limit_.Admit("10.0.1.1:1"));
  EXPECT_EQ(limit_.Wait("10.0.1.1:1"), std::chrono::seconds(60));
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_TRUE(limit_.Admit("10.0.1.1:1"));
}

}  // namespace
}  // namespace larder
