#include "app/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>

#include "app/verbs.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using testing::HasSubstr;

// What `command` prints.
std::string OutputOf(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer;
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), size);
  }
  ::pclose(pipe);
  return output;
}

// What bash offers behind these words, the last of which is being typed: one a line.
std::string Offered(const std::string& words) {
  const TempDir dir;
  std::ofstream(dir.path() + "/texts.csv") << "";
  std::ofstream(dir.path() + "/script") << RenderCompletion("bash");
  std::ofstream(dir.path() + "/ask") << "source ./script\nCOMP_WORDS=(" << words
                                     << ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_larder\n"
                                        "printf '%s\\n' \"${COMPREPLY[@]}\"\n";
  return OutputOf("cd " + dir.path() + " && bash --norc ask 2>&1");
}

TEST(CompletionTest, BashOffersVerbsFlagsChoicesAndFiles) {
  EXPECT_EQ(Offered("larder ex"), "explain\nexport\n");
  EXPECT_EQ(Offered("larder warm --re"), "--requests-per-minute\n--retries\n--restart\n");
  EXPECT_EQ(Offered("larder warm --format ''"), "lines\njsonl\ncsv\n");
  EXPECT_EQ(Offered("larder warm te"), "texts.csv\n");
  EXPECT_EQ(Offered("larder warm --state te"), "texts.csv\n");
  EXPECT_EQ(Offered("larder export -o te"), "texts.csv\n");
  EXPECT_EQ(Offered("larder keys c"), "create\nchange\n");
  EXPECT_EQ(Offered("larder --lis"), "--listen\n");  // serve is the default
}

TEST(CompletionTest, BashOffersNothingWhereAnythingMayStand) {
  EXPECT_EQ(Offered("larder warm --model ''"), "\n");
}

TEST(CompletionTest, EveryShellKnowsEveryVerbFlagAndChoice) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = RenderCompletion(shell);
    for (const VerbRow& row : Verbs()) {
      EXPECT_THAT(script, HasSubstr(std::string(row.name))) << shell;
      const auto verb = row.make();
      FlagTable table;
      verb->Declare(table);
      for (const Flag& flag : table.flags()) {
        for (const std::string& choice : flag.choices) EXPECT_THAT(script, HasSubstr(choice));
        if (flag.is_operand()) continue;
        const std::string name = flag.long_name();
        EXPECT_THAT(script,
                    HasSubstr(std::string(shell) == "fish" ? "-l " + name.substr(2) : name));
      }
    }
  }
  EXPECT_EQ(RenderCompletion("csh"), "");
}

}  // namespace
}  // namespace larder
