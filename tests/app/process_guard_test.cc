#include "app/process_guard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace larder {
namespace {

// What a process of its own finds after it was guarded.
class ProcessGuardTest : public testing::Test {
 protected:
  static void InChild(bool core_dumps, const std::function<bool()>& holds) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const rlimit some{4096, 4096};
      const bool prepared = ::setrlimit(RLIMIT_CORE, &some) == 0;
      ::_exit(prepared && GuardProcess(core_dumps).ok() && holds() ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  static std::string CoreLimit() {
    std::ifstream limits("/proc/self/limits");
    for (std::string line; std::getline(limits, line);) {
      if (line.starts_with("Max core file size")) return line;
    }
    return {};
  }
};

TEST_F(ProcessGuardTest, WithoutCoreDumpsTheLimitIsNoneAndTheMemoryIsNobodysElse) {
  InChild(false, [] {
    return CoreLimit().find(" 0                    0 ") != std::string::npos &&
           ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
  });
}

TEST_F(ProcessGuardTest, WithCoreDumpsBothStayAsTheyAre) {
  InChild(true, [] {
    return CoreLimit().find(" 4096 ") != std::string::npos &&
           ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1;
  });
}

TEST_F(ProcessGuardTest, FilesAreNeverOpenToOthers) {
  const TempDir dir;
  const std::string path = dir.path() + "/file";
  InChild(false, [&] {
    ::close(::open(path.c_str(), O_WRONLY | O_CREAT, 0666));
    struct stat made = {};
    return ::stat(path.c_str(), &made) == 0 && (made.st_mode & 0777) == 0640;
  });
}

}  // namespace
}  // namespace larder
