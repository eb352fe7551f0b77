// The body of an upsert or insert: points as JSON, or one a line (NDJSON), also as the part
// "vectors" of a form, as wrangler sends it. Thread-safety: values; pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/search/point.h"

namespace larder {

struct PointsRules {
  std::size_t dimensions = 0;  // of every vector
  Metric metric = Metric::kCosine;
  bool own_shape = true;  // texts are allowed, and fields that nobody knows are not
  std::size_t max_points = 5000;
  std::size_t max_id_bytes = kMaxPointIdBytes;
  std::size_t max_namespace_bytes = kMaxPointNamespaceBytes;
  bool discard_unparsable = false;  // a wrong point is left out; otherwise it refuses the body
  UpsertMode mode = UpsertMode::kReplace;
};

struct PointsBody {
  // No id twice: of several points the last counts (kReplace) or the first (kKeepExisting). A point
  // without values has a text, which is to be embedded.
  std::vector<NewPoint> points;
  std::size_t discarded = 0;
};

// A point: {"id", "values": [numbers], "text", "metadata": {}, "namespace"}; values or a text or
// both. JSON is a list of points, {"points": [...]} or {"vectors": [...]}. What is said to be
// neither JSON nor NDJSON is whichever it can be read as. Blank lines are nothing.
// Errors: kInvalidArgument; the message names the point or line ("line 3: ..."), `param` the field
// ("values[7]"). With discard_unparsable only what is wrong with the body as a whole is an error.
Result<PointsBody> ParsePointsBody(std::string_view content_type, std::string_view body,
                                   const PointsRules& rules);

}  // namespace larder
