#include "vector/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>

#include "tests/support/vector_samples.h"

namespace larder {
namespace {

using Bf16 = std::vector<std::uint16_t>;
using Int8 = std::vector<std::int8_t>;

std::vector<std::size_t> Dimensions() {
  std::vector<std::size_t> dims;
  for (std::size_t dim = 1; dim <= 70; ++dim) dims.push_back(dim);
  dims.insert(dims.end(), {127, 129, 384, 768, 1023, 1536});
  return dims;
}

// Those of at most `most` that a row of such components can have.
std::vector<std::size_t> MultiplesOf(std::size_t step, std::size_t most = 1536) {
  std::vector<std::size_t> dims = {0};
  while (dims.back() + step <= most) dims.push_back(dims.back() + step);
  return dims;
}

float FromBf16(std::uint16_t value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

Bf16 RandomBf16(VectorSamples& samples, std::size_t dim) {
  Bf16 codes;
  for (const float x : samples.Random(dim)) {
    codes.push_back(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(x) >> 16));
  }
  return codes;
}

std::vector<float> Decoded(const Bf16& codes) {
  std::vector<float> vector;
  std::transform(codes.begin(), codes.end(), std::back_inserter(vector), FromBf16);
  return vector;
}

Int8 RandomInt8(VectorSamples& samples, std::size_t dim) {
  Int8 codes(dim);
  for (std::int8_t& code : codes) {
    code = static_cast<std::int8_t>(static_cast<int>(samples.Below(255)) - 127);
  }
  return codes;
}

struct Reference {
  double inner_product = 0;
  double magnitude = 0;  // of the inner product's terms
  double squared_l2 = 0;
};

Reference ReferenceOf(const std::vector<float>& a, const std::vector<float>& b) {
  Reference reference;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i];
    const double y = b[i];
    reference.inner_product += x * y;
    reference.magnitude += std::abs(x * y);
    reference.squared_l2 += (x - y) * (x - y);
  }
  return reference;
}

std::int64_t InnerProduct(const Int8& a, const Int8& b) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::int64_t{a[i]} * b[i];
  return sum;
}

std::int32_t Sum(const Int8& codes) {
  return std::accumulate(codes.begin(), codes.end(), std::int32_t{0});
}

// `values`, so many elements into a buffer.
template <typename T>
class Shifted {
 public:
  Shifted(const std::vector<T>& values, std::size_t shift) : buffer_(shift), shift_(shift) {
    buffer_.insert(buffer_.end(), values.begin(), values.end());
  }
  const T* data() const { return buffer_.data() + shift_; }

 private:
  std::vector<T> buffer_;
  std::size_t shift_;
};

class KernelsTest : public testing::TestWithParam<Kernel> {
 protected:
  void SetUp() override {
    if (!RunsHere(GetParam())) GTEST_SKIP() << "this CPU has no " << KernelName(GetParam());
  }
  const Kernels& kernels() const { return KernelsOf(GetParam()); }
};

TEST_P(KernelsTest, AgreesWithDoublePrecisionAtEveryDimension) {
  VectorSamples samples(1);
  for (const std::size_t dim : Dimensions()) {
    const auto a = samples.Random(dim);
    const auto b = samples.Random(dim);
    const Reference expected = ReferenceOf(a, b);
    EXPECT_NEAR(kernels().inner_product_f32(a.data(), b.data(), dim), expected.inner_product,
                1e-6 * expected.magnitude)
        << dim;
    EXPECT_NEAR(kernels().squared_l2_f32(a.data(), b.data(), dim), expected.squared_l2,
                2e-6 * expected.squared_l2)
        << dim;
  }
}

TEST_P(KernelsTest, OfBf16AgreesWithDoublePrecisionOfTheCodedValues) {
  VectorSamples samples(2);
  for (const std::size_t dim : MultiplesOf(32)) {
    const Bf16 a = RandomBf16(samples, dim);
    const Bf16 b = RandomBf16(samples, dim);
    const Reference expected = ReferenceOf(Decoded(a), Decoded(b));
    EXPECT_NEAR(kernels().inner_product_bf16(a.data(), b.data(), dim), expected.inner_product,
                1e-6 * expected.magnitude)
        << dim;
    EXPECT_NEAR(kernels().squared_l2_bf16(a.data(), b.data(), dim), expected.squared_l2,
                2e-6 * expected.squared_l2)
        << dim;
  }
}

TEST_P(KernelsTest, OfInt8IsExact) {
  VectorSamples samples(3);
  for (const std::size_t dim : MultiplesOf(64, 4096)) {
    const Int8 a = RandomInt8(samples, dim);
    const Int8 b = RandomInt8(samples, dim);
    ASSERT_EQ(kernels().inner_product_i8(a.data(), b.data(), Sum(b), dim), InnerProduct(a, b))
        << dim;
  }
}

TEST_P(KernelsTest, OfInt8IsExactAtTheExtremesOfTheLongestRow) {
  constexpr std::size_t kMost = 65'536;
  Int8 alternating(kMost);
  for (std::size_t i = 0; i < kMost; ++i) alternating[i] = i % 2 == 0 ? 127 : -127;
  const Int8 rows[] = {Int8(kMost, 127), Int8(kMost, -127), Int8(kMost, 0), alternating};
  for (const Int8& a : rows) {
    for (const Int8& b : rows) {
      EXPECT_EQ(kernels().inner_product_i8(a.data(), b.data(), Sum(b), kMost), InnerProduct(a, b))
          << int{a[0]} << ' ' << int{a[1]} << " by " << int{b[0]} << ' ' << int{b[1]};
    }
  }
}

TEST_P(KernelsTest, CountsEveryComponentOnce) {
  for (const std::size_t dim : Dimensions()) {
    const std::vector<float> ones(dim, 1.0F);
    const std::vector<float> threes(dim, 3.0F);
    EXPECT_EQ(kernels().inner_product_f32(ones.data(), threes.data(), dim),
              static_cast<float>(3 * dim));
    EXPECT_EQ(kernels().squared_l2_f32(ones.data(), threes.data(), dim),
              static_cast<float>(4 * dim));
  }
  for (const std::size_t dim : MultiplesOf(32)) {
    const Bf16 ones(dim, 0x3f80);
    const Bf16 threes(dim, 0x4040);
    EXPECT_EQ(kernels().inner_product_bf16(ones.data(), threes.data(), dim),
              static_cast<float>(3 * dim));
    EXPECT_EQ(kernels().squared_l2_bf16(ones.data(), threes.data(), dim),
              static_cast<float>(4 * dim));
  }
}

TEST_P(KernelsTest, GivesTheSameBitsAtAnyAlignment) {
  constexpr std::size_t kDim = 773;
  constexpr std::size_t kPadded = 768;
  VectorSamples samples(4);
  const auto a = samples.Random(kDim);
  const auto b = samples.Random(kDim);
  const Bf16 c = RandomBf16(samples, kPadded);
  const Bf16 d = RandomBf16(samples, kPadded);
  const Int8 e = RandomInt8(samples, kPadded);
  const Int8 f = RandomInt8(samples, kPadded);
  const float inner = kernels().inner_product_f32(a.data(), b.data(), kDim);
  const float squared = kernels().squared_l2_f32(a.data(), b.data(), kDim);
  const float inner_bf16 = kernels().inner_product_bf16(c.data(), d.data(), kPadded);
  const float squared_bf16 = kernels().squared_l2_bf16(c.data(), d.data(), kPadded);
  const std::int32_t inner_i8 = kernels().inner_product_i8(e.data(), f.data(), Sum(f), kPadded);
  for (std::size_t shift = 1; shift <= 64; ++shift) {
    const Shifted left(a, shift % 7);
    const Shifted right(b, shift);
    EXPECT_EQ(kernels().inner_product_f32(left.data(), right.data(), kDim), inner) << shift;
    EXPECT_EQ(kernels().squared_l2_f32(left.data(), right.data(), kDim), squared) << shift;
    const Shifted left16(c, shift % 7);
    const Shifted right16(d, shift);
    EXPECT_EQ(kernels().inner_product_bf16(left16.data(), right16.data(), kPadded), inner_bf16);
    EXPECT_EQ(kernels().squared_l2_bf16(left16.data(), right16.data(), kPadded), squared_bf16);
    const Shifted left8(e, shift % 7);
    const Shifted right8(f, shift);
    EXPECT_EQ(kernels().inner_product_i8(left8.data(), right8.data(), Sum(f), kPadded), inner_i8);
  }
}

TEST_P(KernelsTest, TheDistanceOfAVectorFromItselfIsZero) {
  VectorSamples samples(5);
  const auto a = samples.Random(1001);
  const Bf16 b = RandomBf16(samples, 992);
  EXPECT_EQ(kernels().squared_l2_f32(a.data(), a.data(), a.size()), 0.0F);
  EXPECT_EQ(kernels().squared_l2_bf16(b.data(), b.data(), b.size()), 0.0F);
}

TEST_P(KernelsTest, OfNoComponentsIsZero) {
  EXPECT_EQ(kernels().inner_product_f32(nullptr, nullptr, 0), 0.0F);
  EXPECT_EQ(kernels().squared_l2_f32(nullptr, nullptr, 0), 0.0F);
  EXPECT_EQ(kernels().inner_product_bf16(nullptr, nullptr, 0), 0.0F);
  EXPECT_EQ(kernels().squared_l2_bf16(nullptr, nullptr, 0), 0.0F);
  EXPECT_EQ(kernels().inner_product_i8(nullptr, nullptr, 0, 0), 0);
}

INSTANTIATE_TEST_SUITE_P(All, KernelsTest,
                         testing::Values(Kernel::kPortable, Kernel::kAvx2, Kernel::kAvx512,
                                         Kernel::kAvx512Vnni, Kernel::kAvx512Bf16),
                         [](const auto& info) {
                           std::string name(KernelName(info.param));
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(FastestKernelTest, RunsHere) {
  EXPECT_TRUE(RunsHere(FastestKernel()));
}

}  // namespace
}  // namespace larder
