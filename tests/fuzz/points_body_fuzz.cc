// Any body, as JSON, as lines and as a form: refused, or points that can be stored.

#include <cstdint>
#include <cstdlib>

#include "proxy/search/points_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace larder;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  PointsRules rules;
  rules.dimensions = 2;
  for (const char* type : {"application/json", "application/x-ndjson", "text/plain",
                           "multipart/form-data; boundary=B"}) {
    for (const bool discard : {false, true}) {
      rules.discard_unparsable = discard;
      auto parsed = ParsePointsBody(type, body, rules);
      if (!parsed.ok()) continue;
      for (NewPoint& point : parsed->points) {
        if (point.values.empty() && !point.text.empty()) point.values = {1, 0};
        if (!CheckPoint(point, rules.dimensions, rules.metric, "point").ok()) std::abort();
      }
    }
  }
  return 0;
}
