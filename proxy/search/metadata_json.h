// Metadata as clients write it: a JSON object beside a vector, taken apart into fields by dotted
// path. Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/result.h"
#include "proxy/json/json.h"
#include "vector/metadata.h"

namespace larder {

inline constexpr std::size_t kMaxMetadataBytes = 10UL * 1024;  // as compact JSON
inline constexpr std::size_t kMaxMetadataDepth = 8;            // objects within objects

// {"a": {"b": 1}, "tags": ["x", null]} is a.b = [1], tags = ["x"]. null, and what is no number,
// string or boolean in a list, carry no value; a field without a value is left out. Numbers are
// doubles: whole ones beyond 2^53 are those nearest to them.
// Errors: kInvalidArgument, `param` naming the field ("metadata.a.b"): no object; larger or deeper
// than the limits; a key that is empty, begins with $ or holds a "; a path that occurs twice.
Result<Metadata> FlattenMetadata(JsonElement object);

// A number, a string or a boolean; nullopt for anything else.
std::optional<MetadataValue> ScalarOf(JsonElement element);

}  // namespace larder
