// The variants of kernels.h for x86-64, defined in kernels_avx2.cc and kernels_avx512.cc. For
// kernels.cc alone.
#pragma once

#include "vector/kernels.h"

#if defined(__x86_64__)
namespace larder {

extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
extern const Kernels kAvx512VnniKernels;
extern const Kernels kAvx512Bf16Kernels;

}  // namespace larder
#endif
