#include "base/replaceable.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace larder {
namespace {

TEST(ReplaceableTest, ReadersSeeTheLastValue) {
  Replaceable<std::string> value("one");
  EXPECT_EQ(value.get(), "one");
  value.Replace("two");
  EXPECT_EQ(value.get(), "two");
}

TEST(ReplaceableTest, WhatWasReadStaysValid) {
  Replaceable<std::string> value(std::string(100, 'a'));
  const std::string& read = value.get();
  for (int i = 0; i < 100; ++i) value.Replace(std::string(100, 'b'));
  EXPECT_EQ(read, std::string(100, 'a'));
}

TEST(ReplaceableTest, ReadersNeverSeeHalfAValue) {
  Replaceable<std::string> value(std::string(64, 'a'));
  std::thread writer([&] {
    for (int i = 0; i < 500; ++i) {
      value.Replace(std::string(64, static_cast<char>('a' + i % 26)));
    }
  });
  for (int i = 0; i < 5000; ++i) {
    const std::string& read = value.get();
    ASSERT_EQ(read, std::string(64, read.front()));
  }
  writer.join();
}

}  // namespace
}  // namespace larder
