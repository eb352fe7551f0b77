#include <iostream>

#include "app/command_line.h"

int main(int argc, char** argv) {
  const auto parsed = larder::ParseCommandLine({argv + 1, argv + argc});
  if (parsed.verb == nullptr) {
    (parsed.status == 0 ? std::cout : std::cerr) << parsed.message;
    return parsed.status;
  }
  return parsed.verb->Run();
}
