#include "vector/kernels.h"

#include <bit>

#include "vector/kernels_x86.h"

namespace larder {
namespace {

// Independent partial sums, because one running sum waits for each addition before the next.
constexpr std::size_t kLanes = 8;

float SumOf(const float (&sums)[kLanes]) {
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

float FromBf16(std::uint16_t value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

float InnerProductF32(const float* a, const float* b, std::size_t n) {
  float sums[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  float sum = SumOf(sums);
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

float SquaredL2F32(const float* a, const float* b, std::size_t n) {
  float sums[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float difference = a[i + lane] - b[i + lane];
      sums[lane] += difference * difference;
    }
  }
  float sum = SumOf(sums);
  for (; i < n; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

float InnerProductBf16(const std::uint16_t* a, const std::uint16_t* b, std::size_t n) {
  float sums[kLanes] = {};
  for (std::size_t i = 0; i < n; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      sums[lane] += FromBf16(a[i + lane]) * FromBf16(b[i + lane]);
    }
  }
  return SumOf(sums);
}

float SquaredL2Bf16(const std::uint16_t* a, const std::uint16_t* b, std::size_t n) {
  float sums[kLanes] = {};
  for (std::size_t i = 0; i < n; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float difference = FromBf16(a[i + lane]) - FromBf16(b[i + lane]);
      sums[lane] += difference * difference;
    }
  }
  return SumOf(sums);
}

std::int32_t InnerProductI8(const std::int8_t* a, const std::int8_t* b, std::int32_t /*b_sum*/,
                            std::size_t n) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<std::int32_t>(a[i]) * b[i];
  return sum;
}

constexpr Kernels kPortableKernels = {InnerProductF32, SquaredL2F32, InnerProductBf16,
                                      SquaredL2Bf16, InnerProductI8};

}  // namespace

std::string_view KernelName(Kernel kernel) {
  switch (kernel) {
    case Kernel::kPortable:
      return "portable";
    case Kernel::kAvx2:
      return "avx2";
    case Kernel::kAvx512:
      return "avx512";
    case Kernel::kAvx512Vnni:
      return "avx512-vnni";
    case Kernel::kAvx512Bf16:
      return "avx512-bf16";
  }
  return "portable";
}

bool RunsHere(Kernel kernel) {
#if defined(__x86_64__)
  // An index may be built before the program's own initialisers have run.
  __builtin_cpu_init();
  switch (kernel) {
    case Kernel::kPortable:
      return true;
    case Kernel::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Kernel::kAvx512:
      return RunsHere(Kernel::kAvx2) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    case Kernel::kAvx512Vnni:
      return RunsHere(Kernel::kAvx512) && __builtin_cpu_supports("avx512vnni");
    case Kernel::kAvx512Bf16:
      return RunsHere(Kernel::kAvx512Vnni) && __builtin_cpu_supports("avx512bf16");
  }
#endif
  return kernel == Kernel::kPortable;
}

Kernel FastestKernel() {
  for (const Kernel kernel :
       {Kernel::kAvx512Bf16, Kernel::kAvx512Vnni, Kernel::kAvx512, Kernel::kAvx2}) {
    if (RunsHere(kernel)) return kernel;
  }
  return Kernel::kPortable;
}

const Kernels& KernelsOf(Kernel kernel) {
#if defined(__x86_64__)
  switch (kernel) {
    case Kernel::kPortable:
      break;
    case Kernel::kAvx2:
      return kAvx2Kernels;
    case Kernel::kAvx512:
      return kAvx512Kernels;
    case Kernel::kAvx512Vnni:
      return kAvx512VnniKernels;
    case Kernel::kAvx512Bf16:
      return kAvx512Bf16Kernels;
  }
#else
  static_cast<void>(kernel);
#endif
  return kPortableKernels;
}

}  // namespace larder
