// The inner product of two float32 vectors, in the widest instructions the running CPU has.
//
// No file is compiled for a particular CPU: each variant carries its own target attribute and
// FastestKernel() asks the CPU. An index asks once and keeps the function.
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string_view>

namespace larder {

enum class Kernel {
  kPortable,  // plain C++, any CPU
  kAvx2,      // AVX2 and FMA
  kAvx512,    // AVX-512F
};

// The sum of a[i] * b[i] for i in [0, n); 0 when n is 0. `a` and `b` hold n floats, at any
// alignment. The same inputs give the same bits wherever they lie. Variants differ from each other,
// and from the true sum, by rounding: at most 1e-6 of the sum of |a[i] * b[i]| up to 1536
// components.
using InnerProductFunction = float (*)(const float* a, const float* b, std::size_t n);

// "portable", "avx2", "avx512".
std::string_view KernelName(Kernel kernel);

// Whether this CPU and this operating system can run `kernel`. True for kPortable.
bool RunsHere(Kernel kernel);

// The fastest that RunsHere().
Kernel FastestKernel();

// Precondition: RunsHere(kernel); calling the result is an illegal instruction otherwise.
InnerProductFunction InnerProductOf(Kernel kernel);

}  // namespace larder
