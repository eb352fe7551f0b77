// Collections in JSON: what makes one, and how one is shown. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "proxy/json/json_writer.h"
#include "proxy/search/collections.h"

namespace larder {

// {"dimensions", "metric": "cosine|dot|euclidean", "model", "storage": "int8|bf16|float32",
// "description"}; all but the dimensions may be absent. Errors: kInvalidArgument with the field.
Result<CollectionSpec> ParseCollectionSpec(const std::string& name, std::string_view body);

// {"object":"collection","name",...}
void WriteCollection(const CollectionInfo& info, JsonWriter& json);

// What a collection's vectors are kept as unless it is told otherwise.
constexpr Storage UsualStorage(Metric metric) {
  return metric == Metric::kEuclidean ? Storage::kFloat32 : Storage::kInt8;
}

}  // namespace larder
