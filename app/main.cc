#include <iostream>

#include "app/command_line.h"
#include "app/commands.h"

int main(int argc, char** argv) {
  const auto parsed = larder::ParseCommandLine({argv + 1, argv + argc});
  if (!parsed.command) {
    (parsed.status == 0 ? std::cout : std::cerr) << parsed.message;
    return parsed.status;
  }
  const larder::CommandLine& command = *parsed.command;
  switch (command.verb) {
    case larder::Verb::kServe:
      return larder::RunServe(command);
    case larder::Verb::kCheckConfig:
      return larder::RunCheckConfig(command);
    case larder::Verb::kPrintConfig:
      return larder::RunPrintConfig(command);
    case larder::Verb::kStats:
      return larder::RunStats(command);
    case larder::Verb::kWarm:
      return larder::RunWarm(command);
    case larder::Verb::kSearch:
      return larder::RunSearch(command);
    case larder::Verb::kVersion:
      return larder::RunVersion();
  }
  return 2;
}
