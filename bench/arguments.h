// The command line of the benchmarks' programs: pairs of --name NUMBER.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace larder::bench {

// The values of `defaults` (names with their dashes), replaced by those that the command line
// names. Exits with status 2 and the list of names on anything else.
inline std::map<std::string, std::uint64_t> ReadArguments(
    int argc, char** argv, std::map<std::string, std::uint64_t> defaults) {
  for (int i = 1; i < argc; i += 2) {
    const auto known = defaults.find(argv[i]);
    const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
    const char* end = value.data() + value.size();
    if (known == defaults.end() || value.empty() ||
        std::from_chars(value.data(), end, known->second).ptr != end) {
      std::fprintf(stderr, "usage: %s", argv[0]);
      for (const auto& [name, number] : defaults) {
        std::fprintf(stderr, " [%s N (%llu)]", name.c_str(),
                     static_cast<unsigned long long>(number));
      }
      std::fprintf(stderr, "\n");
      std::exit(2);
    }
  }
  return defaults;
}

}  // namespace larder::bench
