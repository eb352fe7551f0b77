#include "vector/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "tests/support/vector_samples.h"

namespace larder {
namespace {

std::vector<std::size_t> Dimensions() {
  std::vector<std::size_t> dims;
  for (std::size_t dim = 1; dim <= 70; ++dim) dims.push_back(dim);
  dims.insert(dims.end(), {384, 768, 1536});
  return dims;
}

class KernelsTest : public testing::TestWithParam<Kernel> {
 protected:
  void SetUp() override {
    if (!RunsHere(GetParam())) GTEST_SKIP() << "this CPU has no " << KernelName(GetParam());
  }
};

TEST_P(KernelsTest, AgreesWithDoublePrecisionAtEveryDimension) {
  const auto inner_product = KernelsOf(GetParam()).inner_product_f32;
  VectorSamples samples(1);
  for (const std::size_t dim : Dimensions()) {
    const auto a = samples.Random(dim);
    const auto b = samples.Random(dim);
    double expected = 0.0;
    double magnitude = 0.0;
    for (std::size_t i = 0; i < dim; ++i) {
      expected += static_cast<double>(a[i]) * b[i];
      magnitude += std::abs(static_cast<double>(a[i]) * b[i]);
    }
    EXPECT_NEAR(inner_product(a.data(), b.data(), dim), expected, 1e-6 * magnitude) << dim;
  }
}

TEST_P(KernelsTest, CountsEveryComponentOnce) {
  const auto inner_product = KernelsOf(GetParam()).inner_product_f32;
  for (const std::size_t dim : Dimensions()) {
    const std::vector<float> ones(dim, 1.0F);
    EXPECT_EQ(inner_product(ones.data(), ones.data(), dim), static_cast<float>(dim));
  }
}

TEST_P(KernelsTest, GivesTheSameBitsAtAnyAlignment) {
  const auto inner_product = KernelsOf(GetParam()).inner_product_f32;
  constexpr std::size_t kDim = 773;
  VectorSamples samples(2);
  const auto a = samples.Random(kDim);
  const auto b = samples.Random(kDim);
  const float expected = inner_product(a.data(), b.data(), kDim);
  for (std::size_t shift = 1; shift <= 16; ++shift) {
    std::vector<float> moved(shift, 0.0F);
    moved.insert(moved.end(), b.begin(), b.end());
    EXPECT_EQ(inner_product(a.data(), moved.data() + shift, kDim), expected) << shift;
  }
}

TEST_P(KernelsTest, OfNoComponentsIsZero) {
  EXPECT_EQ(KernelsOf(GetParam()).inner_product_f32(nullptr, nullptr, 0), 0.0F);
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
