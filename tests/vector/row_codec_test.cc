#include "vector/row_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <tuple>

#include "tests/support/coded_row.h"
#include "tests/support/vector_samples.h"

namespace larder {
namespace {

constexpr std::size_t kDims[] = {1, 3, 64, 100, 768};

using Vector = std::vector<float>;

double Length(const Vector& vector) {
  double squares = 0;
  for (const float x : vector) squares += static_cast<double>(x) * x;
  return std::sqrt(squares);
}

double TrueDistance(Metric metric, const Vector& a, const Vector& b) {
  double inner = 0;
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    inner += static_cast<double>(a[i]) * b[i];
    squares += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
  }
  return metric == Metric::kEuclidean ? squares : -inner;
}

Vector Scaled(Vector vector, double by) {
  for (float& x : vector) x = static_cast<float>(x * by);
  return vector;
}

Vector Unit(const Vector& vector) {
  return Scaled(vector, 1.0 / Length(vector));
}

// One component far above the others: the worst for int8.
Vector Spiked(VectorSamples& samples, std::size_t dim) {
  Vector vector = Scaled(samples.Random(dim), 0.01);
  vector[samples.Below(dim)] = 1;
  return vector;
}

struct Kind {
  const char* name;
  std::function<std::pair<Vector, Vector>(VectorSamples&, std::size_t dim)> pair;
  bool has_direction = true;  // can be brought to unit length
};

const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kinds = {
      {"random", [](auto& s, auto dim) { return std::pair(s.Random(dim), s.Random(dim)); }},
      {"clustered",
       [](auto& s, auto dim) {
         const auto both = s.Clustered(2, dim, 1);
         return std::pair(both[0], both[1]);
       }},
      {"nearly equal",
       [](auto& s, auto dim) {
         const Vector a = s.Random(dim);
         Vector b = a;
         b[s.Below(dim)] += 1e-4F;
         return std::pair(a, b);
       }},
      {"equal",
       [](auto& s, auto dim) {
         const Vector a = s.Random(dim);
         return std::pair(a, a);
       }},
      {"opposite",
       [](auto& s, auto dim) {
         const Vector a = s.Random(dim);
         return std::pair(a, Scaled(a, -1));
       }},
      {"spiked", [](auto& s, auto dim) { return std::pair(Spiked(s, dim), Spiked(s, dim)); }},
      {"tiny",
       [](auto& s, auto dim) {
         return std::pair(Scaled(s.Random(dim), 1e-15), Scaled(s.Random(dim), 1e-15));
       }},
      {"huge",
       [](auto& s, auto dim) {
         return std::pair(Scaled(Unit(s.Random(dim)), 0.999e18),
                          Scaled(Unit(s.Random(dim)), 0.999e18));
       }},
      {"of very different lengths",
       [](auto& s, auto dim) {
         return std::pair(Scaled(s.Random(dim), 1e-6), Scaled(s.Random(dim), 1e6));
       }},
      {"zero and random",
       [](auto& s, auto dim) { return std::pair(Vector(dim, 0.0F), s.Random(dim)); }, false},
      {"zero", [](auto&, auto dim) { return std::pair(Vector(dim, 0.0F), Vector(dim, 0.0F)); },
       false},
  };
  return kinds;
}

class RowCodecTest : public testing::TestWithParam<std::tuple<Metric, Storage>> {
 protected:
  Metric metric() const { return std::get<0>(GetParam()); }
  Storage storage() const { return std::get<1>(GetParam()); }

  std::pair<Vector, Vector> PairOf(const Kind& kind, VectorSamples& samples, std::size_t dim) {
    auto [a, b] = kind.pair(samples, dim);
    if (metric() == Metric::kCosine) return {Unit(a), Unit(b)};
    return {std::move(a), std::move(b)};
  }

  // What a component may be off, as a share of the largest of its vector.
  double MostError() const {
    switch (storage()) {
      case Storage::kFloat32:
        return 0;
      case Storage::kBf16:
        return 1.0 / 256;
      case Storage::kInt8:
        return 0.5 / 127 * 1.001;
    }
    return 0;
  }
  double MostError(const Vector& vector) const {
    double most = 0;
    for (const float x : vector) most = std::max(most, std::abs(static_cast<double>(x)));
    return MostError() * most * std::sqrt(static_cast<double>(vector.size()));
  }
};

TEST_P(RowCodecTest, DistancesOfRowsAreNearThoseOfTheirVectors) {
  VectorSamples samples(1);
  for (const std::size_t dim : kDims) {
    const RowCodec codec(dim, metric(), storage());
    for (const Kind& kind : Kinds()) {
      if (metric() == Metric::kCosine && !kind.has_direction) continue;
      for (int i = 0; i < 20; ++i) {
        const auto [a, b] = PairOf(kind, samples, dim);
        const CodedRow x(codec, a);
        const CodedRow y(codec, b);
        const double distance = codec.Distance(x.get(), y.get());
        const double expected = TrueDistance(metric(), a, b);
        const double scale = Length(a) * Length(a) + Length(b) * Length(b);
        const double off = MostError(a) + MostError(b);
        if (metric() == Metric::kEuclidean) {
          // As lengths: of the rows at most `off` apart, and rounding of their squares.
          ASSERT_NEAR(std::sqrt(distance), std::sqrt(expected), off + 1.1e-3 * std::sqrt(scale))
              << kind.name << ' ' << dim;
        } else {
          const double most = MostError(a) * (Length(b) + MostError(b)) + Length(a) * MostError(b);
          ASSERT_NEAR(distance, expected, most + 1e-5 * Length(a) * Length(b) + 1e-37)
              << kind.name << ' ' << dim;
        }
      }
    }
  }
}

TEST_P(RowCodecTest, BoundsHoldTheExactDistance) {
  VectorSamples samples(2);
  const int pairs = 100'000 / static_cast<int>(std::size(kDims) * Kinds().size());
  for (const std::size_t dim : kDims) {
    const RowCodec codec(dim, metric(), storage());
    for (const Kind& kind : Kinds()) {
      if (metric() == Metric::kCosine && !kind.has_direction) continue;
      for (int i = 0; i < (dim < 768 ? pairs : pairs / 4); ++i) {
        const auto [a, b] = PairOf(kind, samples, dim);
        const CodedRow x(codec, a);
        const CodedRow y(codec, b);
        const RowCodec::Bounds bounds =
            codec.BoundsOf(x.get(), y.get(), codec.Distance(x.get(), y.get()));
        const float exact = codec.ExactDistance(a.data(), b.data());
        ASSERT_LE(bounds.least, exact) << kind.name << ' ' << dim;
        ASSERT_GE(bounds.most, exact) << kind.name << ' ' << dim;
      }
    }
  }
}

TEST_P(RowCodecTest, BoundsHoldWhereManySumsAreRoundedTheSameWay) {
  VectorSamples samples(8);
  for (const Kernel kernel : {Kernel::kPortable, FastestKernel()}) {
    for (const std::size_t dim : {4'096, 65'536}) {
      const RowCodec codec(dim, metric(), storage(), kernel);
      for (int i = 0; i < 10; ++i) {
        const Vector a(dim, 1 + static_cast<float>(samples.Below(10'000)) / 10'000);
        const Vector b(dim, -1 - static_cast<float>(samples.Below(10'000)) / 10'000);
        const CodedRow x(codec, a);
        const CodedRow y(codec, b);
        const RowCodec::Bounds bounds =
            codec.BoundsOf(x.get(), y.get(), codec.Distance(x.get(), y.get()));
        const float exact = codec.ExactDistance(a.data(), b.data());
        ASSERT_LE(bounds.least, exact) << KernelName(kernel) << ' ' << dim;
        ASSERT_GE(bounds.most, exact) << KernelName(kernel) << ' ' << dim;
      }
    }
  }
}

TEST_P(RowCodecTest, BoundsAreTightEnoughToTellFarFromNear) {
  constexpr std::size_t kDim = 768;
  const RowCodec codec(kDim, metric(), storage());
  VectorSamples samples(3);
  const Vector near = Unit(samples.Random(kDim));
  const Vector far = Unit(samples.Random(kDim));
  const CodedRow x(codec, near);
  const CodedRow y(codec, far);
  const auto itself = codec.BoundsOf(x.get(), x.get(), codec.Distance(x.get(), x.get()));
  const auto other = codec.BoundsOf(x.get(), y.get(), codec.Distance(x.get(), y.get()));
  EXPECT_LT(itself.most, other.least);
}

TEST_P(RowCodecTest, BothDirectionsAreEquallyFar) {
  VectorSamples samples(4);
  for (const std::size_t dim : kDims) {
    const RowCodec codec(dim, metric(), storage());
    const auto a = Unit(samples.Random(dim));
    const auto b = Unit(samples.Random(dim));
    const CodedRow x(codec, a);
    const CodedRow y(codec, b);
    EXPECT_EQ(codec.Distance(x.get(), y.get()), codec.Distance(y.get(), x.get())) << dim;
  }
}

TEST_P(RowCodecTest, TheHeaderTellsLengthAndError) {
  VectorSamples samples(5);
  for (const std::size_t dim : kDims) {
    const RowCodec codec(dim, metric(), storage());
    const auto vector = Unit(samples.Random(dim));
    const CodedRow row(codec, vector);
    EXPECT_NEAR(row.header().length, 1, MostError(vector) + 1e-6) << dim;
    EXPECT_LE(row.header().error, MostError(vector) * 1.001) << dim;
    EXPECT_GE(row.header().error, 0) << dim;
  }
}

TEST_P(RowCodecTest, RowsAreWholeCacheLinesBehindTheirHeader) {
  for (std::size_t dim = 1; dim < 300; ++dim) {
    const RowCodec codec(dim, metric(), storage());
    EXPECT_EQ((codec.row_bytes() - RowCodec::kHeaderBytes) % RowCodec::kAlignment, 0U) << dim;
    EXPECT_GE(codec.padded(), dim);
    EXPECT_LT(codec.padded(), dim + 64);
  }
}

TEST_P(RowCodecTest, TheSameVectorGivesTheSameBytes) {
  constexpr std::size_t kDim = 77;
  const RowCodec codec(kDim, metric(), storage());
  const auto vector = VectorSamples(6).Random(kDim);
  const CodedRow a(codec, vector);
  const CodedRow b(codec, vector);
  EXPECT_EQ(std::memcmp(a.get(), b.get(), codec.row_bytes()), 0);
}

TEST_P(RowCodecTest, EveryKernelGivesAboutTheSameDistance) {
  constexpr std::size_t kDim = 321;
  VectorSamples samples(7);
  const auto a = Unit(samples.Random(kDim));
  const auto b = Unit(samples.Random(kDim));
  for (const Kernel kernel : {Kernel::kPortable, Kernel::kAvx2, Kernel::kAvx512,
                              Kernel::kAvx512Vnni, Kernel::kAvx512Bf16}) {
    if (!RunsHere(kernel)) continue;
    const RowCodec portable(kDim, metric(), storage(), Kernel::kPortable);
    const RowCodec codec(kDim, metric(), storage(), kernel);
    const CodedRow x(codec, a);
    const CodedRow y(codec, b);
    EXPECT_NEAR(codec.Distance(x.get(), y.get()), portable.Distance(x.get(), y.get()), 2e-6)
        << KernelName(kernel);
  }
}

std::string CodecName(const testing::TestParamInfo<std::tuple<Metric, Storage>>& info) {
  return std::string(MetricName(std::get<0>(info.param))) + "_" +
         std::string(StorageName(std::get<1>(info.param)));
}

INSTANTIATE_TEST_SUITE_P(
    All, RowCodecTest,
    testing::Combine(testing::Values(Metric::kCosine, Metric::kDot, Metric::kEuclidean),
                     testing::Values(Storage::kFloat32, Storage::kBf16, Storage::kInt8)),
    CodecName);

}  // namespace
}  // namespace larder
