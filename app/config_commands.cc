#include "app/config_commands.h"

#include <iostream>

#include "app/app.h"
#include "app/configuration.h"
#include "config/print.h"

namespace larder {

int RunCommand(const CheckConfigCommand& options) {
  const LoadResult result = LoadFor(options);
  if (!result.ok()) return ReportProblems(result);
  std::cout << "the configuration is right"
            << (result.loaded->file.empty() ? std::string(" (no file)")
                                            : ": " + result.loaded->file)
            << "\n";
  return 0;
}

int RunCommand(const PrintConfigCommand& options) {
  const LoadResult result = LoadFor(options);
  if (!result.ok()) return ReportProblems(result);
  std::cout << PrintConfig(*result.loaded);
  return 0;
}

int RunCommand(const VersionCommand& /*options*/) {
  std::cout << "larder " << Version() << "\n";
  return 0;
}

}  // namespace larder
