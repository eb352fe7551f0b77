#include "proxy/admin/line_stream.h"

#include <gtest/gtest.h>

#include <thread>

namespace larder {
namespace {

TEST(LineStreamTest, IsReadAsItIsWrittenAndEndsWhole) {
  LineStream lines(100);
  const auto reader = lines.NewReader();
  std::string read;
  EXPECT_EQ(reader->TryRead(10, read), ReadState::kWait);
  EXPECT_TRUE(lines.Write("a line\n"));
  EXPECT_EQ(reader->TryRead(100, read), ReadState::kData);
  lines.Finish();
  EXPECT_EQ(reader->TryRead(100, read), ReadState::kEnd);
  EXPECT_EQ(read, "a line\n");
}

TEST(LineStreamTest, BreaksOffWhenItsWriterGoesWithoutFinishing) {
  auto lines = std::make_unique<LineStream>();
  const auto reader = lines->NewReader();
  lines->Write("a line\n");
  lines.reset();
  std::string read;
  EXPECT_EQ(reader->TryRead(100, read), ReadState::kData);
  EXPECT_EQ(reader->TryRead(100, read), ReadState::kFailed);
}

TEST(LineStreamTest, AWriterWaitsForASlowReader) {
  LineStream lines(10);
  const auto reader = lines.NewReader();
  std::thread writer([&] {
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(lines.Write("0123456789"));
    lines.Finish();
  });
  std::string read;
  ReadState state = ReadState::kData;
  while (state != ReadState::kEnd) {
    const std::size_t before = read.size();
    const auto some =
        ReadSome(*reader, 7, read, std::chrono::steady_clock::now() + std::chrono::seconds(10));
    ASSERT_TRUE(some.ok());
    state = *some;
    ASSERT_LE(read.size() - before, 7U);
  }
  writer.join();
  EXPECT_EQ(read.size(), 10'000U);
}

TEST(LineStreamTest, AWriterIsToldThatItsReaderLeft) {
  LineStream lines(10);
  auto reader = lines.NewReader();
  std::thread writer([&] { EXPECT_FALSE(lines.Write("more than there is room for")); });
  reader.reset();
  writer.join();
  EXPECT_TRUE(lines.gone());
  EXPECT_FALSE(lines.Write("x"));
}

TEST(LineStreamTest, AWriterWaitsNoMoreOnceItIsAbandoned) {
  LineStream lines(10);
  const auto reader = lines.NewReader();
  std::thread writer([&] { EXPECT_FALSE(lines.Write("more than there is room for")); });
  lines.Abandon();
  writer.join();
  EXPECT_TRUE(lines.gone());
}

TEST(LineStreamTest, ProgressIsDroppedWhileTheReaderIsSlow) {
  LineStream lines(10);
  const auto reader = lines.NewReader();
  for (int i = 0; i < 100; ++i) lines.TryWrite("012345\n");
  std::string read;
  EXPECT_EQ(reader->TryRead(1000, read), ReadState::kData);
  EXPECT_EQ(read, "012345\n012345\n");
  lines.TryWrite("again\n");
  EXPECT_EQ(reader->TryRead(1000, read), ReadState::kData);
}

}  // namespace
}  // namespace larder
