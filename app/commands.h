// What each verb does. Each returns the process's exit status: 0, 1 (it failed), 2 (bad usage or
// config).
#pragma once

#include "app/command_line.h"

namespace larder {

int RunServe(const CommandLine& command);
int RunCheckConfig(const CommandLine& command);
int RunPrintConfig(const CommandLine& command);
int RunStats(const CommandLine& command);
int RunWarm(const CommandLine& command);
int RunSearch(const CommandLine& command);
int RunVersion();

}  // namespace larder
