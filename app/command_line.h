// The command line: which verb, with which options. `larder [serve]` and the others; see `larder
// --help`, docs/larder.1 and app/verbs.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/verbs.h"

namespace larder {

struct ParsedCommandLine {
  std::unique_ptr<Verb> verb;  // null: print `message` and exit with `status`
  std::string name;            // of the verb
  std::string message;         // help, or what is wrong and what to do
  int status = 0;              // 0 for help, 2 for bad usage
};

// `arguments` without the program's name. Thread-safety: pure.
ParsedCommandLine ParseCommandLine(std::vector<std::string> arguments);

}  // namespace larder
