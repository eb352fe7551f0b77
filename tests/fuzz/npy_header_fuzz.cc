// Any dictionary of a .npy header: what is read is within bounds.

#include <cstdlib>

#include "app/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto shape = larder::ParseNpyDictionary({reinterpret_cast<const char*>(data), size});
  if (!shape.ok()) return 0;
  if (shape->columns == 0 || shape->columns > larder::NpyReader::kMaxColumns) std::abort();
  if (shape->element_bytes != 4 && shape->element_bytes != 8) std::abort();
  return 0;
}
