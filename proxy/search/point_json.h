// Points as answers show them. Thread-safety: pure functions.
#pragma once

#include <span>
#include <string>

#include "proxy/json/json_writer.h"
#include "proxy/search/point.h"

namespace larder {

// "key": [0.1, ...], each number in the shortest form that reads back as the same float32.
void WriteVector(std::span<const float> vector, std::string_view key, JsonWriter& json);

// The metadata as it was written; null when there is none.
void WriteMetadata(const NewPoint& point, std::string_view key, JsonWriter& json);

}  // namespace larder
