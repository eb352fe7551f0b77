// Standard input as a whole: the answer that a benchmark's server gives.
#pragma once

#include <cstdio>
#include <string>

namespace larder::bench {

// Everything up to its end.
inline std::string StandardInput() {
  std::string bytes;
  char piece[4096];
  while (const std::size_t size = std::fread(piece, 1, sizeof(piece), stdin)) {
    bytes.append(piece, size);
  }
  return bytes;
}

}  // namespace larder::bench
