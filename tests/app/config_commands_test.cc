#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "app/config_commands.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using testing::HasSubstr;

class ConfigCommandsTest : public testing::Test {
 protected:
  CheckConfigCommand With(const std::string& text) const {
    CheckConfigCommand command;
    command.config_file = dir_.path() + "/larder.toml";
    std::ofstream(*command.config_file) << text;
    return command;
  }

  TempDir dir_;
};

TEST_F(ConfigCommandsTest, CheckConfigReportsEveryProblemOfItsUpstreamsOnALineOfItsOwn) {
  const CheckConfigCommand command = With(
      "[[upstreams]]\n"
      "name = 'a'\n"
      "url = 'nowhere'\n"
      "fallbacks = ['b']\n"
      "[[upstreams]]\n"
      "name = 'a'\n"
      "url = 'builtin'\n"
      "max_queu = 1\n"
      "max_retries = 11\n");
  testing::internal::CaptureStderr();
  EXPECT_EQ(RunCommand(command), 2);
  const std::string told = testing::internal::GetCapturedStderr();
  for (const char* line :
       {"larder.toml:3:7: upstreams.url must be ", "larder.toml:4:13: upstreams.fallbacks names ",
        "larder.toml:6:8: upstreams.name \"a\" is taken ",
        "larder.toml:8:1: unknown setting upstreams.max_queu; did you mean upstreams.max_queue?\n",
        "larder.toml:9:15: upstreams.max_retries must be in [0, 10], got 11\n"}) {
    EXPECT_THAT(told, HasSubstr(line));
  }
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 5) << told;
}

TEST_F(ConfigCommandsTest, CheckConfigIsContentWithAFileThatIsRight) {
  const CheckConfigCommand command = With("[[upstreams]]\nname = 'a'\nurl = 'builtin'\n");
  testing::internal::CaptureStdout();
  EXPECT_EQ(RunCommand(command), 0);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("the configuration is right"));
}

}  // namespace
}  // namespace larder
