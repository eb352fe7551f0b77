// A verb's run with what it printed.
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace larder {

struct CapturedRun {
  int status = 0;  // the exit status
  std::string out;
  std::string err;
};

// Calls RunCommand(command), found by the type of `command`.
template <typename Command>
CapturedRun RunCaptured(const Command& command) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  CapturedRun run;
  run.status = RunCommand(command);
  run.out = testing::internal::GetCapturedStdout();
  run.err = testing::internal::GetCapturedStderr();
  return run;
}

}  // namespace larder
