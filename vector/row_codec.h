// RowCodec: the form in which a graph keeps a vector: a header and its components as float32, bf16
// or int8, padded with zeros to whole cache lines; and how far two rows are from each other.
// Thread-safety: immutable.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vector/kernels.h"
#include "vector/metric.h"

namespace larder {

struct RowHeader {
  float scale;       // int8: a component is scale times its code
  std::int32_t sum;  // int8: of the codes
  float length;      // of the coded vector
  float error;       // the length of the difference between the vector and the coded one
};

class RowCodec {
 public:
  static constexpr std::size_t kAlignment = 64;  // of the components

  // Precondition: dim in [1, 65536].
  RowCodec(std::size_t dim, Metric metric, Storage storage, Kernel kernel = FastestKernel());

  std::size_t dim() const { return dim_; }
  Metric metric() const { return metric_; }
  Storage storage() const { return storage_; }
  // Header and components; a row begins kHeaderBytes before a multiple of kAlignment.
  static constexpr std::size_t kHeaderBytes = sizeof(RowHeader);
  std::size_t row_bytes() const { return kHeaderBytes + code_bytes_; }

  // Writes row_bytes() to `row`. `vector` is dim() finite values.
  void Encode(const float* vector, void* row) const;

  // How far two rows are: smaller is nearer. -(inner product) for kCosine and kDot, the squared
  // distance for kEuclidean; of the coded vectors, not the original ones.
  float Distance(const void* a, const void* b) const { return distance_(a, b, this); }
  // Its signature, with a RowCodec* last, as hnswlib wants it.
  using DistanceFunction = float (*)(const void* a, const void* b, const void* codec);
  DistanceFunction distance() const { return distance_; }

  // Whether Distance() needs nothing of a row but its scale and its codes; then ScaledDistance() is
  // Distance() with the scale of `a` from elsewhere.
  bool scaled() const { return storage_ == Storage::kInt8 && metric_ != Metric::kEuclidean; }
  float ScaledDistance(const void* a, float scale, const void* b) const {
    const RowHeader& header = HeaderOf(b);
    const std::int32_t product = kernels_.inner_product_i8(
        CodesOf<std::int8_t>(a), CodesOf<std::int8_t>(b), header.sum, padded_);
    return -(scale * header.scale * static_cast<float>(product));
  }
  template <typename Component>
  static const Component* CodesOf(const void* row) {
    return static_cast<const Component*>(
        static_cast<const void*>(static_cast<const char*>(row) + kHeaderBytes));
  }

  // The same of two original vectors of dim() values.
  float ExactDistance(const float* a, const float* b) const {
    return metric_ == Metric::kEuclidean ? kernels_.squared_l2_f32(a, b, dim_)
                                         : -kernels_.inner_product_f32(a, b, dim_);
  }
  // The least and the most that the distance of the original vectors can be, given Distance().
  struct Bounds {
    float least;
    float most;
  };
  Bounds BoundsOf(const void* a, const void* b, float distance) const;

  const Kernels& kernels() const { return kernels_; }
  std::size_t padded() const { return padded_; }  // components of a row

  static const RowHeader& HeaderOf(const void* row) { return *static_cast<const RowHeader*>(row); }

 private:
  const std::size_t dim_;
  const Metric metric_;
  const Storage storage_;
  const std::size_t padded_;
  const std::size_t code_bytes_;
  const Kernels& kernels_;
  const DistanceFunction distance_;
  // What a kernel's result may be off, as a share of the product of the lengths.
  const float rounding_;
};

}  // namespace larder
