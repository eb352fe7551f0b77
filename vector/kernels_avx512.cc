#include "vector/kernels_x86.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define LARDER_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,fma")))
#define LARDER_TARGET_VNNI __attribute__((target("avx512f,avx512bw,avx512vl,fma,avx512vnni")))
#define LARDER_TARGET_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,fma,avx512bf16")))

namespace larder {
namespace {

// maskz, here and below: the plain forms start from an undefined register, which gcc 12 warns of.
LARDER_TARGET float SumOf(__m512 wide) {
  const __m256 low =
      _mm256_castpd_ps(_mm512_maskz_extractf64x4_pd(0xff, _mm512_castps_pd(wide), 0));
  const __m256 high =
      _mm256_castpd_ps(_mm512_maskz_extractf64x4_pd(0xff, _mm512_castps_pd(wide), 1));
  const __m256 sum = _mm256_add_ps(low, high);
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  half = _mm_add_ss(half, _mm_movehdup_ps(half));
  return _mm_cvtss_f32(half);
}

LARDER_TARGET std::int32_t SumOf(__m512i wide) {
  const __m256i high = _mm512_maskz_extracti64x4_epi64(0xff, wide, 1);
  const __m256i sum = _mm256_add_epi32(_mm512_maskz_extracti64x4_epi64(0xff, wide, 0), high);
  __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1));
  return _mm_cvtsi128_si32(half);
}

// The first n of sixteen.
LARDER_TARGET __mmask16 First(std::size_t n) {
  return static_cast<__mmask16>((1U << n) - 1U);
}

LARDER_TARGET __m512i LoadI8(const std::int8_t* values) {
  return _mm512_loadu_si512(static_cast<const void*>(values));
}

// The sixteen floats whose upper halves stand at `values`.
LARDER_TARGET __m512 LoadBf16(const std::uint16_t* values) {
  const __m256i packed =
      _mm256_loadu_si256(static_cast<const __m256i_u*>(static_cast<const void*>(values)));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_maskz_cvtepu16_epi32(0xffff, packed), 16));
}

LARDER_TARGET float InnerProductF32(const float* a, const float* b, std::size_t n) {
  __m512 sum0 = _mm512_setzero_ps();
  __m512 sum1 = sum0;
  __m512 sum2 = sum0;
  __m512 sum3 = sum0;
  std::size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    sum0 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i), sum0);
    sum1 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i + 16), _mm512_loadu_ps(b + i + 16), sum1);
    sum2 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i + 32), _mm512_loadu_ps(b + i + 32), sum2);
    sum3 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i + 48), _mm512_loadu_ps(b + i + 48), sum3);
  }
  for (; i + 16 <= n; i += 16) {
    sum0 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i), sum0);
  }
  if (i < n) {
    const __mmask16 rest = First(n - i);
    sum1 = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(rest, a + i), _mm512_maskz_loadu_ps(rest, b + i),
                           sum1);
  }
  return SumOf(_mm512_add_ps(_mm512_add_ps(sum0, sum1), _mm512_add_ps(sum2, sum3)));
}

LARDER_TARGET float SquaredL2F32(const float* a, const float* b, std::size_t n) {
  __m512 sum0 = _mm512_setzero_ps();
  __m512 sum1 = sum0;
  std::size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    const __m512 d0 = _mm512_sub_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));
    const __m512 d1 = _mm512_sub_ps(_mm512_loadu_ps(a + i + 16), _mm512_loadu_ps(b + i + 16));
    sum0 = _mm512_fmadd_ps(d0, d0, sum0);
    sum1 = _mm512_fmadd_ps(d1, d1, sum1);
  }
  for (; i < n; i += 16) {
    const __mmask16 part = n - i < 16 ? First(n - i) : static_cast<__mmask16>(0xffff);
    const __m512 d =
        _mm512_sub_ps(_mm512_maskz_loadu_ps(part, a + i), _mm512_maskz_loadu_ps(part, b + i));
    sum0 = _mm512_fmadd_ps(d, d, sum0);
  }
  return SumOf(_mm512_add_ps(sum0, sum1));
}

LARDER_TARGET float InnerProductBf16(const std::uint16_t* a, const std::uint16_t* b,
                                     std::size_t n) {
  __m512 sum0 = _mm512_setzero_ps();
  __m512 sum1 = sum0;
  for (std::size_t i = 0; i < n; i += 32) {
    sum0 = _mm512_fmadd_ps(LoadBf16(a + i), LoadBf16(b + i), sum0);
    sum1 = _mm512_fmadd_ps(LoadBf16(a + i + 16), LoadBf16(b + i + 16), sum1);
  }
  return SumOf(_mm512_add_ps(sum0, sum1));
}

LARDER_TARGET float SquaredL2Bf16(const std::uint16_t* a, const std::uint16_t* b, std::size_t n) {
  __m512 sum0 = _mm512_setzero_ps();
  __m512 sum1 = sum0;
  for (std::size_t i = 0; i < n; i += 32) {
    const __m512 d0 = _mm512_sub_ps(LoadBf16(a + i), LoadBf16(b + i));
    const __m512 d1 = _mm512_sub_ps(LoadBf16(a + i + 16), LoadBf16(b + i + 16));
    sum0 = _mm512_fmadd_ps(d0, d0, sum0);
    sum1 = _mm512_fmadd_ps(d1, d1, sum1);
  }
  return SumOf(_mm512_add_ps(sum0, sum1));
}

LARDER_TARGET_BF16 __m512bh LoadPairs(const std::uint16_t* values) {
  return (__m512bh)_mm512_loadu_si512(static_cast<const void*>(values));
}

LARDER_TARGET_BF16 float InnerProductBf16Native(const std::uint16_t* a, const std::uint16_t* b,
                                                std::size_t n) {
  __m512 sum0 = _mm512_setzero_ps();
  __m512 sum1 = sum0;
  std::size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    sum0 = _mm512_dpbf16_ps(sum0, LoadPairs(a + i), LoadPairs(b + i));
    sum1 = _mm512_dpbf16_ps(sum1, LoadPairs(a + i + 32), LoadPairs(b + i + 32));
  }
  if (i < n) sum0 = _mm512_dpbf16_ps(sum0, LoadPairs(a + i), LoadPairs(b + i));
  return SumOf(_mm512_add_ps(sum0, sum1));
}

LARDER_TARGET std::int32_t InnerProductI8(const std::int8_t* a, const std::int8_t* b,
                                          std::int32_t /*b_sum*/, std::size_t n) {
  __m512i sum = _mm512_setzero_si512();
  const __m512i ones = _mm512_set1_epi16(1);
  for (std::size_t i = 0; i < n; i += 64) {
    const __m512i x = LoadI8(a + i);
    const __m512i y = LoadI8(b + i);
    // As with AVX2: |x| times y with x's sign; -128, whose negation overflows, does not occur.
    const __m512i signed_y =
        _mm512_mask_sub_epi8(y, _mm512_movepi8_mask(x), _mm512_setzero_si512(), y);
    const __m512i pairs = _mm512_maddubs_epi16(_mm512_abs_epi8(x), signed_y);
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, ones));
  }
  return SumOf(sum);
}

// dpbusd multiplies unsigned by signed: a + 128, which is a with its top bit flipped, by b. What
// that adds is 128 times b's sum.
LARDER_TARGET_VNNI std::int32_t InnerProductI8Vnni(const std::int8_t* a, const std::int8_t* b,
                                                   std::int32_t b_sum, std::size_t n) {
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(0x80));
  __m512i sum0 = _mm512_setzero_si512();
  __m512i sum1 = sum0;
  __m512i sum2 = sum0;
  __m512i sum3 = sum0;
  std::size_t i = 0;
  for (; i + 256 <= n; i += 256) {
    sum0 = _mm512_dpbusd_epi32(sum0, _mm512_xor_si512(LoadI8(a + i), flip), LoadI8(b + i));
    sum1 =
        _mm512_dpbusd_epi32(sum1, _mm512_xor_si512(LoadI8(a + i + 64), flip), LoadI8(b + i + 64));
    sum2 =
        _mm512_dpbusd_epi32(sum2, _mm512_xor_si512(LoadI8(a + i + 128), flip), LoadI8(b + i + 128));
    sum3 =
        _mm512_dpbusd_epi32(sum3, _mm512_xor_si512(LoadI8(a + i + 192), flip), LoadI8(b + i + 192));
  }
  for (; i < n; i += 64) {
    sum0 = _mm512_dpbusd_epi32(sum0, _mm512_xor_si512(LoadI8(a + i), flip), LoadI8(b + i));
  }
  const __m512i sum = _mm512_add_epi32(_mm512_add_epi32(sum0, sum1), _mm512_add_epi32(sum2, sum3));
  return SumOf(sum) - 128 * b_sum;
}

}  // namespace

const Kernels kAvx512Kernels = {InnerProductF32, SquaredL2F32, InnerProductBf16, SquaredL2Bf16,
                                InnerProductI8};
const Kernels kAvx512VnniKernels = {InnerProductF32, SquaredL2F32, InnerProductBf16, SquaredL2Bf16,
                                    InnerProductI8Vnni};
const Kernels kAvx512Bf16Kernels = {InnerProductF32, SquaredL2F32, InnerProductBf16Native,
                                    SquaredL2Bf16, InnerProductI8Vnni};

}  // namespace larder

#endif  // defined(__x86_64__)
