#include "proxy/trace_context.h"

#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

constexpr const char* kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr const char* kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContextTest, KnowsTheTraceOfAValidField) {
  EXPECT_EQ(TraceIdOf(kParent), kTrace);
}

TEST(TraceContextTest, ReadsALaterVersionAsFarAsItKnowsIt) {
  EXPECT_EQ(TraceIdOf("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"), kTrace);
}

TEST(TraceContextTest, WhatIsNoTraceparentHasNoTrace) {
  for (const char* text : {
           "",
           "00",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
           "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
       }) {
    EXPECT_EQ(TraceIdOf(text), "") << text;
  }
}

TEST(TraceContextTest, TheNextSpanIsOfTheSameTraceAndFlagsAndNew) {
  const std::string next = NextTraceparent(kParent);
  EXPECT_EQ(TraceIdOf(next), kTrace);
  EXPECT_TRUE(next.ends_with("-01"));
  EXPECT_NE(next, kParent);
  EXPECT_NE(next, NextTraceparent(kParent));
}

class TraceTest : public ProxyTest {};

TEST_F(TraceTest, UpstreamGetsASpanOfLardersOwnInTheCallersTrace) {
  UseEmbeddings();
  Embed(R"({"model":"m","input":"a"})", {{"traceparent", kParent}});
  const auto calls = upstream().calls();
  ASSERT_EQ(calls.size(), 1U);
  const std::string sent(calls[0].headers.Find("traceparent").value_or(""));
  EXPECT_EQ(TraceIdOf(sent), kTrace);
  EXPECT_NE(sent, kParent);
  EXPECT_EQ(world().records().back().trace_id, kTrace);
}

TEST_F(TraceTest, AHitIsRecordedUnderItsTraceToo) {
  UseEmbeddings();
  Embed(R"({"model":"m","input":"a"})");
  EXPECT_TRUE(Embed(R"({"model":"m","input":"a"})", {{"traceparent", kParent}}).hit());
  EXPECT_EQ(world().records().back().trace_id, kTrace);
}

TEST_F(TraceTest, WhatIsNoTraceparentGoesOnAsItCame) {
  UseEmbeddings();
  Embed(R"({"model":"m","input":"a"})", {{"traceparent", "nonsense"}});
  const auto calls = upstream().calls();
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].headers.Find("traceparent"), "nonsense");
  EXPECT_EQ(world().records().back().trace_id, "");
}

}  // namespace
}  // namespace larder
