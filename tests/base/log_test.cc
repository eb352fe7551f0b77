#include "base/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "tests/support/temp_dir.h"

namespace larder {
namespace {

constexpr std::int64_t kNewYear = 1767225600000;  // 2026-01-01T00:00:00Z

std::string Text(std::string_view message, std::initializer_list<LogField> fields = {}) {
  return Log::Format(LogFormat::kText, kNewYear, LogLevel::kInfo, message, fields);
}
std::string Json(std::string_view message, std::initializer_list<LogField> fields = {}) {
  return Log::Format(LogFormat::kJson, kNewYear, LogLevel::kInfo, message, fields);
}

TEST(LogFormatTest, TextIsTimeLevelMessageAndFields) {
  EXPECT_EQ(Text("listening", {{"address", "127.0.0.1:8787"}}),
            "2026-01-01T00:00:00.000Z info  listening address=127.0.0.1:8787");
}

TEST(LogFormatTest, JsonIsOneFlatObject) {
  EXPECT_EQ(Json("listening", {{"address", "127.0.0.1:8787"}}),
            R"({"time":"2026-01-01T00:00:00.000Z","level":"info","message":"listening",)"
            R"("address":"127.0.0.1:8787"})");
}

TEST(LogFormatTest, LevelsAlignInText) {
  const std::pair<LogLevel, const char*> cases[] = {{LogLevel::kDebug, "debug x"},
                                                    {LogLevel::kInfo, "info  x"},
                                                    {LogLevel::kWarning, "warn  x"},
                                                    {LogLevel::kError, "error x"}};
  for (const auto& [level, tail] : cases) {
    EXPECT_EQ(Log::Format(LogFormat::kText, kNewYear, level, "x", {}),
              std::string("2026-01-01T00:00:00.000Z ") + tail);
  }
}

TEST(LogFormatTest, TimesAreUtcToTheMillisecond) {
  const std::pair<std::int64_t, const char*> cases[] = {
      {0, "1970-01-01T00:00:00.000Z"},
      {-1, "1969-12-31T23:59:59.999Z"},
      {951782399999, "2000-02-28T23:59:59.999Z"},
      {951782400000, "2000-02-29T00:00:00.000Z"},
      {kNewYear + 45296789, "2026-01-01T12:34:56.789Z"},
      {253402300799999, "9999-12-31T23:59:59.999Z"}};
  for (const auto& [millis, time] : cases) {
    EXPECT_EQ(Log::Format(LogFormat::kText, millis, LogLevel::kInfo, "", {}),
              std::string(time) + " info  ");
  }
}

TEST(LogFormatTest, FieldValuesAreWrittenByType) {
  struct Case {
    const char* name;
    LogField field;
    const char* text;
    const char* json;
  };
  const std::string owned = "owned";
  const Case cases[] = {
      {"word", {"v", "plain"}, "v=plain", R"("v":"plain")"},
      {"string", {"v", owned}, "v=owned", R"("v":"owned")"},
      {"empty", {"v", ""}, "v=\"\"", R"("v":"")"},
      {"blank", {"v", "two words"}, "v=\"two words\"", R"("v":"two words")"},
      {"equals", {"v", "a=b"}, "v=\"a=b\"", R"("v":"a=b")"},
      {"quote", {"v", "say \"hi\""}, R"(v="say \"hi\"")", R"("v":"say \"hi\"")"},
      {"backslash", {"v", "a\\b"}, R"(v="a\\b")", R"("v":"a\\b")"},
      {"url", {"v", "https://host/v1?q"}, "v=https://host/v1?q", R"("v":"https://host/v1?q")"},
      {"umlaut", {"v", "K\xc3\xbc"}, "v=K\xc3\xbc", "\"v\":\"K\xc3\xbc\""},
      {"int", {"v", 42}, "v=42", R"("v":42)"},
      {"least",
       {"v", std::int64_t{INT64_MIN}},
       "v=-9223372036854775808",
       R"("v":-9223372036854775808)"},
      {"unsigned", {"v", std::uint64_t{7}}, "v=7", R"("v":7)"},
      {"true", {"v", true}, "v=true", R"("v":true)"},
      {"false", {"v", false}, "v=false", R"("v":false)"},
      {"double", {"v", 0.1}, "v=0.1", R"("v":0.1)"},
      {"not a number", {"v", std::nan("")}, "v=nan", R"("v":null)"},
      {"infinite", {"v", HUGE_VAL}, "v=inf", R"("v":null)"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Text("m", {c.field}), "2026-01-01T00:00:00.000Z info  m " + std::string(c.text))
        << c.name;
    EXPECT_EQ(Json("m", {c.field}),
              R"({"time":"2026-01-01T00:00:00.000Z","level":"info","message":"m",)" +
                  std::string(c.json) + "}")
        << c.name;
  }
}

TEST(LogFormatTest, NothingBreaksALineOrSteersATerminal) {
  struct Case {
    const char* name;
    std::string_view value;
    const char* text;
    const char* json;
  };
  using std::string_view_literals::operator""sv;
  const Case cases[] = {
      {"newline", "a\nb", R"("a\nb")", R"("a\nb")"},
      {"carriage return", "a\rb", R"("a\rb")", R"("a\rb")"},
      {"tab", "a\tb", R"("a\tb")", R"("a\tb")"},
      {"zero", "a\0b"sv, R"("a\u0000b")", R"("a\u0000b")"},
      {"escape", "\x1b[31m", R"("\u001b[31m")", R"("\u001b[31m")"},
      {"delete", "\x7f", R"("\u007f")", R"("\u007f")"},
      {"C1 control", "\xc2\x9b", R"("\u009b")", R"("\u009b")"},
      {"next line", "\xc2\x85", R"("\u0085")", R"("\u0085")"},
      {"line separator", "\xe2\x80\xa8", R"("\u2028")", R"("\u2028")"},
      {"not UTF-8", "a\xff", R"("a\xff")", R"("a\ufffd")"},
      {"cut short", "\xe2\x82", R"("\xe2\x82")", R"("\ufffd\ufffd")"},
      {"overlong", "\xc0\x8a", R"("\xc0\x8a")", R"("\ufffd\ufffd")"},
      {"surrogate", "\xed\xa0\x80", R"("\xed\xa0\x80")", R"("\ufffd\ufffd\ufffd")"},
      {"beyond Unicode", "\xf4\x90\x80\x80", R"("\xf4\x90\x80\x80")",
       R"("\ufffd\ufffd\ufffd\ufffd")"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Text("m", {{"v", c.value}}),
              "2026-01-01T00:00:00.000Z info  m v=" + std::string(c.text))
        << c.name;
    EXPECT_EQ(Json("m", {{"v", c.value}}),
              R"({"time":"2026-01-01T00:00:00.000Z","level":"info","message":"m","v":)" +
                  std::string(c.json) + "}")
        << c.name;
  }
}

TEST(LogFormatTest, MessagesAreEscapedToo) {
  EXPECT_EQ(Text("a\nb \"c\""), "2026-01-01T00:00:00.000Z info  a\\nb \"c\"");
  EXPECT_EQ(Json("a\nb \"c\""),
            R"({"time":"2026-01-01T00:00:00.000Z","level":"info","message":"a\nb \"c\""})");
}

std::vector<std::string> Lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(LogTest, WritesToStderrAndNotToStdout) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Log log(LogFormat::kText, LogLevel::kInfo);
  log.Info("listening {} %s", {{"port", 8787}});
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  ASSERT_GT(written.size(), 24U);
  EXPECT_EQ(written.substr(24), " info  listening {} %s port=8787\n");
}

TEST(LogTest, DropsWhatIsBelowItsLevel) {
  testing::internal::CaptureStderr();
  Log log(LogFormat::kText, LogLevel::kWarning);
  log.Write(LogLevel::kDebug, "no");
  log.Info("no");
  log.Warning("yes");
  log.Error("yes");
  EXPECT_EQ(Lines(testing::internal::GetCapturedStderr()).size(), 2U);
}

std::string TextOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(LogTest, TheLevelMayChangeWhileItRuns) {
  testing::internal::CaptureStderr();
  Log log(LogFormat::kText, LogLevel::kError);
  log.Info("no");
  log.set_level(LogLevel::kDebug);
  log.Write(LogLevel::kDebug, "yes");
  EXPECT_EQ(Lines(testing::internal::GetCapturedStderr()).size(), 1U);
}

TEST(LogTest, AppendsToAFileAndLeavesStderrAlone) {
  const TempDir dir;
  const std::string path = dir.path() + "/larder.log";
  std::ofstream(path) << "what was there\n";
  testing::internal::CaptureStderr();
  Log log(LogFormat::kText, LogLevel::kInfo);
  ASSERT_TRUE(log.Open(path).ok());
  log.Info("one");
  log.WriteLines("two\nthree\n");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  const auto lines = Lines(TextOf(path));
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], "what was there");
  EXPECT_EQ(lines[1].substr(24), " info  one");
  EXPECT_EQ(lines[3], "three");
}

TEST(LogTest, OpeningAnewLeavesAFileThatWasMovedAwayAsItIs) {
  const TempDir dir;
  const std::string path = dir.path() + "/larder.log";
  Log log(LogFormat::kText, LogLevel::kInfo);
  ASSERT_TRUE(log.Open(path).ok());
  log.Info("before");
  std::filesystem::rename(path, path + ".1");
  log.Info("still before");
  ASSERT_TRUE(log.Open(path).ok());
  log.Info("after");
  EXPECT_EQ(Lines(TextOf(path + ".1")).size(), 2U);
  EXPECT_EQ(Lines(TextOf(path)).size(), 1U);
}

TEST(LogTest, AFileThatCannotBeOpenedChangesNothing) {
  const TempDir dir;
  Log log(LogFormat::kText, LogLevel::kInfo);
  ASSERT_TRUE(log.Open(dir.path() + "/a.log").ok());
  const Status opened = log.Open(dir.path() + "/no/such/b.log");
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("/no/such/b.log"), std::string::npos);
  log.Info("here");
  EXPECT_EQ(Lines(TextOf(dir.path() + "/a.log")).size(), 1U);
}

TEST(LogTest, LinesOfManyThreadsDoNotMix) {
  constexpr int kThreads = 8;
  constexpr int kLines = 200;
  testing::internal::CaptureStderr();
  {
    Log log(LogFormat::kJson, LogLevel::kInfo);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&log, t] {
        for (int i = 0; i < kLines; ++i) log.Info("line", {{"thread", t}, {"i", i}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  std::vector<std::string> tails;
  for (const std::string& line : Lines(testing::internal::GetCapturedStderr())) {
    ASSERT_GT(line.size(), 34U);
    tails.push_back(line.substr(34));
  }
  std::vector<std::string> expected;
  for (int t = 0; t < kThreads; ++t) {
    for (int i = 0; i < kLines; ++i) {
      expected.push_back(R"("level":"info","message":"line","thread":)" + std::to_string(t) +
                         ",\"i\":" + std::to_string(i) + "}");
    }
  }
  for (std::string& tail : tails) tail = tail.substr(tail.find("\"level\""));
  std::sort(tails.begin(), tails.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(tails, expected);
}

}  // namespace
}  // namespace larder
