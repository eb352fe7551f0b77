// The manual page tells what the program takes, and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "app/byte_input.h"
#include "app/verbs.h"

namespace larder {
namespace {

using Names = std::set<std::string>;

struct Page {
  std::map<std::string, Names> verbs;  // options by the verb's subsection
  Names shared;                        // of the sections before the first verb
};

// The page's options: what stands in tags, the line after .TP or .TQ.
Page ReadPage() {
  std::string text = ReadAll(LARDER_SOURCE_DIR "/docs/larder.1", 1 << 20).value();
  text = std::regex_replace(text, std::regex("\\\\-"), "-");
  Page page;
  Names* options = &page.shared;
  std::istringstream lines(text);
  std::string line;
  bool is_tag = false;
  const std::regex option("--[a-z][a-z-]*");
  while (std::getline(lines, line)) {
    if (line.starts_with(".SH ")) options = &page.shared;
    if (line.starts_with(".SS ")) options = &page.verbs[line.substr(4)];
    if (is_tag) {
      for (std::sregex_iterator at(line.begin(), line.end(), option), end; at != end; ++at) {
        options->insert(at->str());
      }
    }
    is_tag = line == ".TP" || line == ".TQ";
  }
  return page;
}

Names OptionsOf(const VerbRow& row) {
  const auto verb = row.make();
  FlagTable table;
  verb->Declare(table);
  Names names;
  for (const Flag& flag : table.flags()) {
    if (!flag.is_operand()) names.insert(flag.long_name());
  }
  return names;
}

TEST(ManPageTest, HasEveryVerbAndNoOther) {
  const Page page = ReadPage();
  Names verbs;
  for (const VerbRow& row : Verbs()) verbs.insert(std::string(row.name));
  Names told;
  for (const auto& [verb, options] : page.verbs) told.insert(verb);
  EXPECT_EQ(told, verbs);
}

TEST(ManPageTest, HasEveryOptionOfEveryVerbAndNoOther) {
  const Page page = ReadPage();
  EXPECT_EQ(page.shared, (Names{"--help", "--config", "--server", "--json"}));
  for (const VerbRow& row : Verbs()) {
    const auto told = page.verbs.find(std::string(row.name));
    ASSERT_NE(told, page.verbs.end()) << row.name;
    Names own;
    for (const std::string& name : OptionsOf(row)) {
      if (!page.shared.contains(name)) own.insert(name);
    }
    EXPECT_EQ(told->second, own) << row.name;
  }
}

TEST(ManPageTest, EveryOperandIsTold) {
  const std::string text = ReadAll(LARDER_SOURCE_DIR "/docs/larder.1", 1 << 20).value();
  for (const VerbRow& row : Verbs()) {
    const auto verb = row.make();
    FlagTable table;
    verb->Declare(table);
    std::string section = text.substr(
        text.find("\n.SS " + std::regex_replace(std::string(row.name), std::regex("-"), "\\-")));
    section = section.substr(0, section.find("\n.S", 5));
    for (const Flag& flag : table.flags()) {
      if (!flag.is_operand()) continue;
      EXPECT_THAT(section, testing::HasSubstr(flag.name)) << row.name;
    }
  }
}

}  // namespace
}  // namespace larder
