#include <iostream>

#include "app/app.h"
#include "app/commands.h"
#include "app/configuration.h"
#include "config/print.h"

namespace larder {

int RunCheckConfig(const CommandLine& command) {
  const LoadResult result = LoadFor(command);
  if (!result.ok()) return ReportProblems(result);
  std::cout << "the configuration is right"
            << (result.loaded->file.empty() ? std::string(" (no file)")
                                            : ": " + result.loaded->file)
            << "\n";
  return 0;
}

int RunPrintConfig(const CommandLine& command) {
  const LoadResult result = LoadFor(command);
  if (!result.ok()) return ReportProblems(result);
  std::cout << PrintConfig(*result.loaded);
  return 0;
}

int RunVersion() {
  std::cout << "larder " << Version() << "\n";
  return 0;
}

}  // namespace larder
