// Any configuration file: a config, or problems that say where; never neither.

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string path =
      (std::filesystem::temp_directory_path() / ("larder-fuzz-" + std::to_string(std::rand())))
          .string();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  larder::LoadInputs inputs;
  inputs.file = path;
  const auto result = LoadConfig(inputs);
  if (result.ok() != result.problems.empty()) std::abort();
  return 0;
}
