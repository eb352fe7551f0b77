// Any content type (the first line) and any form: what is found stands within the form.

#include <cstdint>
#include <cstdlib>

#include "proxy/http/form_data.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return 0;
  const std::string_view body = bytes.substr(end + 1);
  for (const char* name : {"vectors", "other", ""}) {
    const auto part = larder::FindFormPart(bytes.substr(0, end), body, name);
    if (!part) continue;
    if (part->data() < body.data() || part->data() + part->size() > body.data() + body.size()) {
      std::abort();
    }
  }
  return 0;
}
