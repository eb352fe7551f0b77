#include "app/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Records = std::vector<std::vector<std::string>>;

struct Read {
  Records records;
  std::vector<std::int64_t> lines;
  std::string problem;
};

Read ReadAllOf(std::string_view text, std::size_t piece, std::size_t max = 1000) {
  CsvReader reader(max);
  Read read;
  std::vector<std::string> fields;
  std::size_t at = 0;
  while (true) {
    switch (reader.Next(fields)) {
      case CsvReader::State::kRecord:
        read.records.push_back(fields);
        read.lines.push_back(reader.line());
        continue;
      case CsvReader::State::kMore:
        if (at >= text.size()) {
          reader.End();
        } else {
          reader.Feed(text.substr(at, piece));
          at += piece;
        }
        continue;
      case CsvReader::State::kBroken:
        read.problem = reader.problem();
        return read;
      case CsvReader::State::kEnd:
        return read;
    }
  }
}

TEST(CsvReaderTest, ReadsWhatRfc4180HasHoweverItIsCut) {
  struct Case {
    const char* name;
    const char* text;
    Records records;
  };
  const std::vector<Case> cases = {
      {"plain", "a,b\nc,d\n", {{"a", "b"}, {"c", "d"}}},
      {"CRLF", "a,b\r\nc,d\r\n", {{"a", "b"}, {"c", "d"}}},
      {"CR alone", "a\rb\r", {{"a"}, {"b"}}},
      {"no end of the last line", "a,b\nc,d", {{"a", "b"}, {"c", "d"}}},
      {"quoted commas, quotes and line ends", "\"a,\"\"b\"\"\r\nc\",d\n", {{"a,\"b\"\r\nc", "d"}}},
      {"empty fields", ",\n,a,\n", {{"", ""}, {"", "a", ""}}},
      {"an empty quoted field is a record", "\"\"\n\"\"", {{""}, {""}}},
      {"empty lines are passed over", "a\n\n\r\nb\n", {{"a"}, {"b"}}},
      {"spaces belong to the field", " a , b \n", {{" a ", " b "}}},
      {"a byte order mark",
       "\xef\xbb\xbf"
       "a\nb",
       {{"a"}, {"b"}}},
      {"no byte order mark",
       "\xef\xbb"
       "a",
       {{"\xef\xbb"
         "a"}}},
      {"nothing", "", {}},
  };
  for (const Case& one : cases) {
    for (const std::size_t piece : {1, 2, 3, 100}) {
      const Read read = ReadAllOf(one.text, piece);
      EXPECT_EQ(read.records, one.records) << one.name;
      EXPECT_EQ(read.problem, "") << one.name;
    }
  }
}

TEST(CsvReaderTest, TellsWhereEachRecordBegins) {
  EXPECT_THAT(ReadAllOf("a\r\n\"b\r\nb\"\n\nc\nd", 1).lines, ElementsAre(1, 2, 5, 6));
}

TEST(CsvReaderTest, WhatIsBrokenIsToldWithItsLine) {
  EXPECT_THAT(ReadAllOf("a\n\"b\nc", 2).problem, HasSubstr("a quote is not closed"));
  EXPECT_THAT(ReadAllOf("a\nb\"c\n", 2).problem, StartsWith("line 2: a quote stands inside"));
  EXPECT_THAT(ReadAllOf("a\n\"b\"c\n", 2).problem, StartsWith("line 2: after a closing quote"));
}

TEST(CsvReaderTest, WhatCameBeforeTheBreakIsGiven) {
  EXPECT_EQ(ReadAllOf("a\nb\n\"c", 100).records, (Records{{"a"}, {"b"}}));
}

TEST(CsvReaderTest, ARecordIsBounded) {
  EXPECT_EQ(ReadAllOf("12345678\n12345678\n", 3, 10).problem, "");
  EXPECT_THAT(ReadAllOf("ok\n\"1234\n6789012\"\n", 3, 10).problem, HasSubstr("larger than 10"));
  EXPECT_THAT(ReadAllOf(std::string(20'000, ','), 100, 100'000).problem,
              HasSubstr("more than 10000 fields"));
}

}  // namespace
}  // namespace larder
