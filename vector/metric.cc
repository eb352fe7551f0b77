#include "vector/metric.h"

namespace larder {

std::string_view MetricName(Metric metric) {
  switch (metric) {
    case Metric::kCosine:
      return "cosine";
    case Metric::kDot:
      return "dot";
    case Metric::kEuclidean:
      return "euclidean";
  }
  return "";
}

std::optional<Metric> MetricFromName(std::string_view name) {
  if (name == "dot-product") return Metric::kDot;
  for (const Metric metric : {Metric::kCosine, Metric::kDot, Metric::kEuclidean}) {
    if (name == MetricName(metric)) return metric;
  }
  return std::nullopt;
}

std::string_view StorageName(Storage storage) {
  switch (storage) {
    case Storage::kFloat32:
      return "float32";
    case Storage::kBf16:
      return "bf16";
    case Storage::kInt8:
      return "int8";
  }
  return "";
}

std::optional<Storage> StorageFromName(std::string_view name) {
  for (const Storage storage : {Storage::kFloat32, Storage::kBf16, Storage::kInt8}) {
    if (name == StorageName(storage)) return storage;
  }
  return std::nullopt;
}

}  // namespace larder
