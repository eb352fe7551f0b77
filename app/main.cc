#include <csignal>
#include <iostream>

#include "app/command_line.h"

int main(int argc, char** argv) {
  // A server or a reader of a pipe that goes away is an error of a write, not the end of the
  // process.
  std::signal(SIGPIPE, SIG_IGN);
  const auto parsed = larder::ParseCommandLine({argv + 1, argv + argc});
  if (parsed.verb == nullptr) {
    (parsed.status == 0 ? std::cout : std::cerr) << parsed.message;
    return parsed.status;
  }
  return parsed.verb->Run();
}
