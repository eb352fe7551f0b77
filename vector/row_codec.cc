#include "vector/row_codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace larder {
namespace {

constexpr float kMostCode = 127.0F;
// Of a kernel's result, as a share of the product of the lengths. One has at least 8 sums, rounded
// with each component by at most 2^-24; a bound meets two such results, a distance counts twice.
constexpr float kRounding = 1e-5F;
constexpr float kRoundingPerComponent = 4 * 0x1p-24F / 8;
// Of the sum that an error is taken from.
constexpr float kErrorMargin = 1.001F;

std::size_t ComponentBytes(Storage storage) {
  switch (storage) {
    case Storage::kFloat32:
      return sizeof(float);
    case Storage::kBf16:
      return sizeof(std::uint16_t);
    case Storage::kInt8:
      return sizeof(std::int8_t);
  }
  return sizeof(float);
}

std::size_t Padded(std::size_t dim, Storage storage) {
  const std::size_t line = RowCodec::kAlignment / ComponentBytes(storage);
  return (dim + line - 1) / line * line;
}

const RowCodec& Codec(const void* codec) {
  return *static_cast<const RowCodec*>(codec);
}

// Upwards at the half, to even there: what the CPU's own conversion does.
std::uint16_t ToBf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = bits + 0x7fff + ((bits >> 16) & 1);
  // A finite value must not become infinite.
  if ((rounded & 0x7f800000) == 0x7f800000) return static_cast<std::uint16_t>(bits >> 16);
  return static_cast<std::uint16_t>(rounded >> 16);
}

float FromBf16(std::uint16_t value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

struct Int8Sums {
  std::int32_t codes = 0;
  double squared_codes = 0.0;
  double squared_error = 0.0;
};

// Independent lanes, so that the compiler can use wide registers.
constexpr std::size_t kLanes = 8;

float MostOf(const float* vector, std::size_t dim) {
  float most[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= dim; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float magnitude = std::fabs(vector[i + lane]);
      most[lane] = magnitude > most[lane] ? magnitude : most[lane];
    }
  }
  for (; i < dim; ++i) most[0] = std::max(most[0], std::fabs(vector[i]));
  return *std::max_element(most, most + kLanes);
}

Int8Sums EncodeInt8(const float* vector, std::size_t dim, std::int8_t* codes, float& scale) {
  // Adding it leaves no room for a fraction: rounds to nearest, to even at the half.
  constexpr float kRound = 12'582'912.0F;
  scale = MostOf(vector, dim) / kMostCode;
  // The inverse of a smaller scale is infinite: such a vector is coded as zeros.
  const float inverse = scale >= std::numeric_limits<float>::min() ? 1.0F / scale : 0.0F;
  float sums[kLanes] = {};
  float squares[kLanes] = {};
  float errors[kLanes] = {};
  const auto encode = [&](std::size_t at, std::size_t lane) {
    float code = (vector[at] * inverse + kRound) - kRound;
    code = code > kMostCode ? kMostCode : code;
    code = code < -kMostCode ? -kMostCode : code;
    const float error = vector[at] - scale * code;
    sums[lane] += code;
    squares[lane] += code * code;
    errors[lane] += error * error;
    codes[at] = static_cast<std::int8_t>(static_cast<std::int32_t>(code));
  };
  std::size_t i = 0;
  for (; i + kLanes <= dim; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) encode(i + lane, lane);
  }
  for (; i < dim; ++i) encode(i, 0);
  Int8Sums total;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    total.codes += static_cast<std::int32_t>(sums[lane]);
    total.squared_codes += squares[lane];
    total.squared_error += errors[lane];
  }
  return total;
}

float InnerInt8(const void* a, const void* b, const RowCodec& codec) {
  const RowHeader& x = RowCodec::HeaderOf(a);
  const RowHeader& y = RowCodec::HeaderOf(b);
  const std::int32_t product = codec.kernels().inner_product_i8(
      RowCodec::CodesOf<std::int8_t>(a), RowCodec::CodesOf<std::int8_t>(b), y.sum, codec.padded());
  return x.scale * y.scale * static_cast<float>(product);
}

float DotInt8(const void* a, const void* b, const void* codec) {
  return -InnerInt8(a, b, Codec(codec));
}
float EuclideanInt8(const void* a, const void* b, const void* codec) {
  const float x = RowCodec::HeaderOf(a).length;
  const float y = RowCodec::HeaderOf(b).length;
  return std::max(0.0F, x * x + y * y - 2.0F * InnerInt8(a, b, Codec(codec)));
}
float DotBf16(const void* a, const void* b, const void* codec) {
  const RowCodec& c = Codec(codec);
  return -c.kernels().inner_product_bf16(RowCodec::CodesOf<std::uint16_t>(a),
                                         RowCodec::CodesOf<std::uint16_t>(b), c.padded());
}
float EuclideanBf16(const void* a, const void* b, const void* codec) {
  const RowCodec& c = Codec(codec);
  return c.kernels().squared_l2_bf16(RowCodec::CodesOf<std::uint16_t>(a),
                                     RowCodec::CodesOf<std::uint16_t>(b), c.padded());
}
float DotFloat32(const void* a, const void* b, const void* codec) {
  const RowCodec& c = Codec(codec);
  return -c.kernels().inner_product_f32(RowCodec::CodesOf<float>(a), RowCodec::CodesOf<float>(b),
                                        c.padded());
}
float EuclideanFloat32(const void* a, const void* b, const void* codec) {
  const RowCodec& c = Codec(codec);
  return c.kernels().squared_l2_f32(RowCodec::CodesOf<float>(a), RowCodec::CodesOf<float>(b),
                                    c.padded());
}

RowCodec::DistanceFunction DistanceOf(Metric metric, Storage storage) {
  const bool euclidean = metric == Metric::kEuclidean;
  switch (storage) {
    case Storage::kFloat32:
      return euclidean ? EuclideanFloat32 : DotFloat32;
    case Storage::kBf16:
      return euclidean ? EuclideanBf16 : DotBf16;
    case Storage::kInt8:
      return euclidean ? EuclideanInt8 : DotInt8;
  }
  return DotFloat32;
}

}  // namespace

RowCodec::RowCodec(std::size_t dim, Metric metric, Storage storage, Kernel kernel)
    : dim_(dim),
      metric_(metric),
      storage_(storage),
      padded_(Padded(dim, storage)),
      code_bytes_(padded_ * ComponentBytes(storage)),
      kernels_(KernelsOf(kernel)),
      distance_(DistanceOf(metric, storage)),
      rounding_(kRounding + kRoundingPerComponent * static_cast<float>(padded_)) {}

void RowCodec::Encode(const float* vector, void* row) const {
  RowHeader header = {1.0F, 0, 0.0F, 0.0F};
  char* codes = static_cast<char*>(row) + kHeaderBytes;
  std::memset(codes, 0, code_bytes_);
  double squares = 0.0;
  double squared_error = 0.0;
  const auto count = [&](float original, float coded) {
    squares += static_cast<double>(coded) * coded;
    const double difference = static_cast<double>(original) - coded;
    squared_error += difference * difference;
  };
  switch (storage_) {
    case Storage::kFloat32:
      std::memcpy(codes, vector, dim_ * sizeof(float));
      for (std::size_t i = 0; i < dim_; ++i) squares += static_cast<double>(vector[i]) * vector[i];
      break;
    case Storage::kBf16: {
      for (std::size_t i = 0; i < dim_; ++i) {
        const std::uint16_t code = ToBf16(vector[i]);
        std::memcpy(codes + i * sizeof(code), &code, sizeof(code));
        count(vector[i], FromBf16(code));
      }
      break;
    }
    case Storage::kInt8: {
      const Int8Sums sums = EncodeInt8(
          vector, dim_, static_cast<std::int8_t*>(static_cast<void*>(codes)), header.scale);
      header.sum = sums.codes;
      squares = static_cast<double>(header.scale) * header.scale * sums.squared_codes;
      squared_error = sums.squared_error;
      break;
    }
  }
  header.length = static_cast<float>(std::sqrt(squares));
  // Rounded up: it bounds.
  header.error = static_cast<float>(std::sqrt(squared_error)) * kErrorMargin;
  std::memcpy(row, &header, sizeof(header));
}

RowCodec::Bounds RowCodec::BoundsOf(const void* a, const void* b, float distance) const {
  const RowHeader& x = HeaderOf(a);
  const RowHeader& y = HeaderOf(b);
  if (metric_ == Metric::kEuclidean) {
    // The triangle inequality.
    const float between = std::sqrt(distance);
    const float off = x.error + y.error;
    const float rounding = rounding_ * (x.length * x.length + y.length * y.length);
    const float least = std::max(0.0F, between - off);
    const float most = between + off;
    return {least * least - rounding, most * most + rounding};
  }
  // |<a, b> - <a', b'>| <= |a - a'| |b| + |a'| |b - b'|
  const float off = x.error * (y.length + y.error) + x.length * (y.error + rounding_ * y.length);
  return {distance - off, distance + off};
}

}  // namespace larder
