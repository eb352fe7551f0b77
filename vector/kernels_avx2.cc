#include "vector/kernels_x86.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define LARDER_TARGET __attribute__((target("avx2,fma")))

namespace larder {
namespace {

LARDER_TARGET float SumOf(__m256 wide) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(wide), _mm256_extractf128_ps(wide, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  half = _mm_add_ss(half, _mm_movehdup_ps(half));
  return _mm_cvtss_f32(half);
}

LARDER_TARGET std::int32_t SumOf(__m256i wide) {
  __m128i half = _mm_add_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1));
  return _mm_cvtsi128_si32(half);
}

// The eight floats whose upper halves stand at `values`.
LARDER_TARGET __m256 LoadBf16(const std::uint16_t* values) {
  const __m128i packed =
      _mm_loadu_si128(static_cast<const __m128i_u*>(static_cast<const void*>(values)));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(packed), 16));
}

LARDER_TARGET __m256i LoadI8(const std::int8_t* values) {
  return _mm256_loadu_si256(static_cast<const __m256i_u*>(static_cast<const void*>(values)));
}

LARDER_TARGET float InnerProductF32(const float* a, const float* b, std::size_t n) {
  __m256 sum0 = _mm256_setzero_ps();
  __m256 sum1 = sum0;
  __m256 sum2 = sum0;
  __m256 sum3 = sum0;
  std::size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    sum0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), sum0);
    sum1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8), sum1);
    sum2 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 16), _mm256_loadu_ps(b + i + 16), sum2);
    sum3 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 24), _mm256_loadu_ps(b + i + 24), sum3);
  }
  for (; i + 8 <= n; i += 8) {
    sum0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), sum0);
  }
  float sum = SumOf(_mm256_add_ps(_mm256_add_ps(sum0, sum1), _mm256_add_ps(sum2, sum3)));
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

LARDER_TARGET float SquaredL2F32(const float* a, const float* b, std::size_t n) {
  __m256 sum0 = _mm256_setzero_ps();
  __m256 sum1 = sum0;
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m256 d0 = _mm256_sub_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
    const __m256 d1 = _mm256_sub_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8));
    sum0 = _mm256_fmadd_ps(d0, d0, sum0);
    sum1 = _mm256_fmadd_ps(d1, d1, sum1);
  }
  float sum = SumOf(_mm256_add_ps(sum0, sum1));
  for (; i < n; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

LARDER_TARGET float InnerProductBf16(const std::uint16_t* a, const std::uint16_t* b,
                                     std::size_t n) {
  __m256 sum0 = _mm256_setzero_ps();
  __m256 sum1 = sum0;
  for (std::size_t i = 0; i < n; i += 16) {
    sum0 = _mm256_fmadd_ps(LoadBf16(a + i), LoadBf16(b + i), sum0);
    sum1 = _mm256_fmadd_ps(LoadBf16(a + i + 8), LoadBf16(b + i + 8), sum1);
  }
  return SumOf(_mm256_add_ps(sum0, sum1));
}

LARDER_TARGET float SquaredL2Bf16(const std::uint16_t* a, const std::uint16_t* b, std::size_t n) {
  __m256 sum0 = _mm256_setzero_ps();
  __m256 sum1 = sum0;
  for (std::size_t i = 0; i < n; i += 16) {
    const __m256 d0 = _mm256_sub_ps(LoadBf16(a + i), LoadBf16(b + i));
    const __m256 d1 = _mm256_sub_ps(LoadBf16(a + i + 8), LoadBf16(b + i + 8));
    sum0 = _mm256_fmadd_ps(d0, d0, sum0);
    sum1 = _mm256_fmadd_ps(d1, d1, sum1);
  }
  return SumOf(_mm256_add_ps(sum0, sum1));
}

// maddubs multiplies unsigned by signed: |a| by b with a's sign. Two products of at most 127 * 127
// fit into 16 bits.
LARDER_TARGET __m256i Products(const std::int8_t* a, const std::int8_t* b) {
  const __m256i x = LoadI8(a);
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(x), _mm256_sign_epi8(LoadI8(b), x));
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

LARDER_TARGET std::int32_t InnerProductI8(const std::int8_t* a, const std::int8_t* b,
                                          std::int32_t /*b_sum*/, std::size_t n) {
  __m256i sum0 = _mm256_setzero_si256();
  __m256i sum1 = sum0;
  for (std::size_t i = 0; i < n; i += 64) {
    sum0 = _mm256_add_epi32(sum0, Products(a + i, b + i));
    sum1 = _mm256_add_epi32(sum1, Products(a + i + 32, b + i + 32));
  }
  return SumOf(_mm256_add_epi32(sum0, sum1));
}

}  // namespace

const Kernels kAvx2Kernels = {InnerProductF32, SquaredL2F32, InnerProductBf16, SquaredL2Bf16,
                              InnerProductI8};

}  // namespace larder

#endif  // defined(__x86_64__)
