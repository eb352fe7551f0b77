#include "app/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/human.h"
#include "app/terminal.h"
#include "tests/support/manual_clock.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::Not;

ProgressState Half() {
  ProgressState state;
  state.done = 500;
  state.total = 1000;
  state.count = 4200;
  state.unit = "texts";
  state.note = "12 from the cache";
  state.elapsed = std::chrono::seconds(7);
  return state;
}

TEST(ProgressTest, ShowsABarTheRateTheTimeLeftAndTheNote) {
  EXPECT_EQ(RenderProgress(Half(), 100),
            "[============>           ]  50 %  4,200 texts  600/s  7 s left  12 from the cache");
}

TEST(ProgressTest, WhatWasDoneEarlierCountsForNeitherRateNorTimeLeft) {
  ProgressState state = Half();
  state.done_before = 400;
  state.count_before = 3500;
  EXPECT_THAT(RenderProgress(state, 100), HasSubstr("100/s  35 s left"));
}

TEST(ProgressTest, WithoutATotalThereIsNeitherBarNorTimeLeft) {
  ProgressState state = Half();
  state.total.reset();
  EXPECT_EQ(RenderProgress(state, 100), "4,200 texts  600/s  12 from the cache");
}

TEST(ProgressTest, ANarrowTerminalLosesTheBarThenTheEnd) {
  EXPECT_EQ(RenderProgress(Half(), 40), " 50 %  4,200 texts  600/s  7 s left  12 ");
  ProgressState state;
  state.unit = "\xc3\xa9t\xc3\xa9s";
  EXPECT_EQ(RenderProgress(state, 3), "0 \xc3\xa9");
}

TEST(ProgressTest, TheEndIsAFullBar) {
  ProgressState state = Half();
  state.done = 1000;
  EXPECT_THAT(RenderProgress(state, 100), HasSubstr("[========================] 100 %"));
  EXPECT_THAT(RenderProgress(state, 100), Not(HasSubstr("left")));
}

class ProgressOutputTest : public testing::Test {
 protected:
  ProgressOutputTest() { file_ = ::open_memstream(&bytes_, &size_); }
  ~ProgressOutputTest() override {
    std::fclose(file_);
    std::free(bytes_);
  }
  std::string Shown() {
    std::fflush(file_);
    return {bytes_, size_};
  }
  Progress::Options Options(bool terminal) {
    Progress::Options options;
    options.out = file_;
    options.terminal = terminal;
    return options;
  }

  ManualClock clock_;
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

TEST_F(ProgressOutputTest, ATerminalGetsOneLineThatIsDrawnAnewAndTakenAway) {
  {
    Progress progress(Options(true), clock_);
    progress.Update(Half());
    EXPECT_EQ(Shown(), "");  // too soon
    clock_.Advance(std::chrono::milliseconds(100));
    progress.Update(Half());
    progress.Update(Half());
  }
  EXPECT_THAT(Shown(), testing::StartsWith("\r["));
  EXPECT_THAT(Shown(), testing::EndsWith("\x1b[K\r\x1b[K"));
  EXPECT_THAT(Shown(), Not(HasSubstr("\n")));
}

TEST_F(ProgressOutputTest, AnythingElseGetsAPlainLineEveryFiveSeconds) {
  Progress progress(Options(false), clock_);
  for (int at = 0; at < 12; ++at) {
    clock_.Advance(std::chrono::seconds(1));
    progress.Update(Half());
  }
  const std::string shown = Shown();
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 2);
  EXPECT_THAT(shown, Not(HasSubstr("\r")));
  EXPECT_THAT(shown, Not(HasSubstr("\x1b")));
}

TEST(HumanTest, FiguresReadAsPeopleWriteThem) {
  EXPECT_EQ(HumanCount(0), "0");
  EXPECT_EQ(HumanCount(999), "999");
  EXPECT_EQ(HumanCount(1'234'567), "1,234,567");
  EXPECT_EQ(HumanCount(-1'000), "-1,000");
  EXPECT_EQ(HumanBytes(999), "999 B");
  EXPECT_EQ(HumanBytes(1'500), "1.5 KB");
  EXPECT_EQ(HumanBytes(999'900), "1.0 MB");
  EXPECT_EQ(HumanBytes(25e9), "25 GB");
  EXPECT_EQ(HumanDuration(std::chrono::milliseconds(250)), "0.25 s");
  EXPECT_EQ(HumanDuration(std::chrono::seconds(59)), "59 s");
  EXPECT_EQ(HumanDuration(std::chrono::seconds(65)), "1m 05s");
  EXPECT_EQ(HumanDuration(std::chrono::hours(51)), "2d 03h");
  EXPECT_EQ(HumanMillis(0.254), "0.25 ms");
  EXPECT_EQ(HumanMillis(1'340), "1.3 s");
  EXPECT_EQ(HumanPercent(1, 8), "12.5 %");
  EXPECT_EQ(HumanPercent(0, 0), "-");
  EXPECT_EQ(HumanMoney(1.5, "USD"), "$1.50");
  EXPECT_EQ(HumanMoney(0.0012, "EUR"), "0.001200 EUR");
  EXPECT_EQ(Counted(1, "entry", "entries"), "1 entry");
  EXPECT_EQ(Counted(1'200, "entry", "entries"), "1,200 entries");
}

TEST(TerminalTest, NothingOfAnAnswerReachesTheTerminalAsAnEscapeSequence) {
  EXPECT_EQ(Printable("a\x1b[31mb\n\x7f\xc3\xa9"), "a?[31mb??\xc3\xa9");
  EXPECT_EQ(Coloured("x", Colour::kRed, true), "\x1b[31mx\x1b[0m");
  EXPECT_EQ(Coloured("x", Colour::kRed, false), "x");
}

}  // namespace
}  // namespace larder
