#include "app/configuration.h"

#include <cstdlib>
#include <iostream>

namespace larder {

LoadResult LoadFor(const ConfigOptions& options) {
  LoadInputs inputs;
  inputs.file = options.config_file;
  inputs.getenv = [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  inputs.flags = options.settings;
  return LoadConfig(inputs);
}

int ReportProblems(const LoadResult& result) {
  for (const std::string& problem : result.problems) std::cerr << problem << "\n";
  return 2;
}

}  // namespace larder
