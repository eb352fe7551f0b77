// Inner products and squared distances of two vectors, in the widest instructions the running CPU
// has. Components are float32, bf16 (the upper half of a float32) or int8.
//
// No file is compiled for a particular CPU: each variant carries its own target attribute and
// FastestKernel() asks the CPU. An index asks once and keeps the functions. There is no distance
// for int8: rows have a scale each, so theirs follows from inner product and lengths.
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace larder {

enum class Kernel {
  kPortable,    // plain C++, any CPU
  kAvx2,        // AVX2 and FMA
  kAvx512,      // AVX-512 F, BW and VL
  kAvx512Vnni,  // beside those VNNI: int8 products summed in one instruction
  kAvx512Bf16,  // beside those BF16: the same for bf16
};

struct Kernels {
  // Any n, any alignment; 0 when n is 0. The same inputs give the same bits wherever they lie.
  // Variants differ from each other, and from the true value, by rounding: an inner product by at
  // most 1e-6 of the sum of |a[i] * b[i]| up to 1536 components, a distance by 2e-6 of its value.
  float (*inner_product_f32)(const float* a, const float* b, std::size_t n);
  float (*squared_l2_f32)(const float* a, const float* b, std::size_t n);
  // n is a multiple of 32. Rounding as float32's, but of the bf16 values.
  float (*inner_product_bf16)(const std::uint16_t* a, const std::uint16_t* b, std::size_t n);
  float (*squared_l2_bf16)(const std::uint16_t* a, const std::uint16_t* b, std::size_t n);
  // n is a multiple of 64, at most 65,536; components are in [-127, 127]; `b_sum` is the sum of
  // b's. Exact.
  std::int32_t (*inner_product_i8)(const std::int8_t* a, const std::int8_t* b, std::int32_t b_sum,
                                   std::size_t n);
};

// "portable", "avx2", "avx512", "avx512-vnni", "avx512-bf16".
std::string_view KernelName(Kernel kernel);

// Whether this CPU and this operating system can run `kernel`. True for kPortable.
bool RunsHere(Kernel kernel);

// The fastest that RunsHere().
Kernel FastestKernel();

// Precondition: RunsHere(kernel); calling one is an illegal instruction otherwise.
const Kernels& KernelsOf(Kernel kernel);

}  // namespace larder
