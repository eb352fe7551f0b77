#include "base/base64.h"

#include <array>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace larder {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> MakeValues() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}
constexpr std::array<std::uint8_t, 256> kValues = MakeValues();

#if defined(__x86_64__)
// Encodes 24 bytes at a time while 28 can be read; the number of bytes that were encoded.
// Source: Mula and Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions" (2018).
__attribute__((target("avx2"))) std::size_t EncodeAvx2(const std::uint8_t* in, std::size_t size,
                                                       char* out) {
  // Each 32 bits get the three bytes of one group, so that its four values can be shifted out.
  const __m256i spread = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,  //
                                          1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
  // What is added to a value to make its letter, by the class of the value.
  const __m256i offsets =
      _mm256_setr_epi8(71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 65, 0, 0,  //
                       71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 65, 0, 0);
  std::size_t done = 0;
  for (; done + 28 <= size; done += 24, out += 32) {
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + done));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + done + 12));
    const __m256i bytes = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), spread);
    const __m256i first_and_third = _mm256_mulhi_epu16(
        _mm256_and_si256(bytes, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
    const __m256i second_and_fourth = _mm256_mullo_epi16(
        _mm256_and_si256(bytes, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
    const __m256i values = _mm256_or_si256(first_and_third, second_and_fourth);
    const __m256i capital = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), values);
    const __m256i kind = _mm256_or_si256(_mm256_subs_epu8(values, _mm256_set1_epi8(51)),
                                         _mm256_and_si256(capital, _mm256_set1_epi8(13)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                        _mm256_add_epi8(values, _mm256_shuffle_epi8(offsets, kind)));
  }
  return done;
}

// Decodes 32 characters at a time while more than 32 + 11 are left, so that what is written behind
// the 24 bytes stays within them; the number of characters that were decoded, up to the first that
// is none of the alphabet's. Source: as above.
__attribute__((target("avx2"))) std::size_t DecodeAvx2(const char* in, std::size_t size,
                                                       char* out) {
  // A character is in the alphabet when the marks of its two halves have no bit in common.
  const __m256i low_marks =
      _mm256_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b,
                       0x1b, 0x1b, 0x1a, 0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                       0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
  const __m256i high_marks =
      _mm256_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10,
                       0x10, 0x10, 0x10, 0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10,
                       0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
  // What is added to a character to make its value, by its high half ('/' is one less than '+').
  const __m256i offsets =
      _mm256_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0,  //
                       0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m256i pack = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,  //
                                        2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
  const __m256i slash = _mm256_set1_epi8(0x2f);
  std::size_t done = 0;
  for (; done + 44 <= size; done += 32, out += 24) {
    const __m256i chars = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + done));
    const __m256i high = _mm256_and_si256(_mm256_srli_epi32(chars, 4), slash);
    const __m256i low = _mm256_and_si256(chars, slash);
    const __m256i wrong = _mm256_and_si256(_mm256_shuffle_epi8(low_marks, low),
                                           _mm256_shuffle_epi8(high_marks, high));
    if (_mm256_testz_si256(wrong, wrong) == 0) break;
    const __m256i is_slash = _mm256_cmpeq_epi8(chars, slash);
    const __m256i values =
        _mm256_add_epi8(chars, _mm256_shuffle_epi8(offsets, _mm256_add_epi8(is_slash, high)));
    const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
    const __m256i groups = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
    const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(groups, pack),
                                                      _mm256_setr_epi32(0, 1, 2, 4, 5, 6, -1, -1));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), bytes);
  }
  return done;
}

bool HasAvx2() {
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
}
#endif

void Encode(const std::uint8_t* in, std::size_t size, char* out) {
  std::size_t i = 0;
#if defined(__x86_64__)
  if (size >= 28 && HasAvx2()) {
    i = EncodeAvx2(in, size, out);
    out += i / 3 * 4;
  }
#endif
  for (; i + 3 <= size; i += 3) {
    const std::uint32_t group = static_cast<std::uint32_t>(in[i]) << 16 |
                                static_cast<std::uint32_t>(in[i + 1]) << 8 | in[i + 2];
    *out++ = kAlphabet[group >> 18];
    *out++ = kAlphabet[group >> 12 & 63];
    *out++ = kAlphabet[group >> 6 & 63];
    *out++ = kAlphabet[group & 63];
  }
  if (i == size) return;
  const std::uint32_t group = static_cast<std::uint32_t>(in[i]) << 16 |
                              (i + 1 < size ? static_cast<std::uint32_t>(in[i + 1]) << 8 : 0U);
  *out++ = kAlphabet[group >> 18];
  *out++ = kAlphabet[group >> 12 & 63];
  *out++ = i + 1 < size ? kAlphabet[group >> 6 & 63] : '=';
  *out++ = '=';
}

}  // namespace

void AppendBase64(std::string_view bytes, std::string& out) {
  const std::size_t begin = out.size();
  out.resize(begin + (bytes.size() + 2) / 3 * 4);
  Encode(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), out.data() + begin);
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return std::string();
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  std::string bytes(text.size() / 4 * 3 - padding, '\0');
  const auto value = [&](std::size_t at) { return kValues[static_cast<unsigned char>(text[at])]; };
  const std::size_t whole = text.size() - (padding > 0 ? 4 : 0);
  std::uint8_t wrong = 0;  // kNone alone has the highest bit
  std::size_t begin = 0;
#if defined(__x86_64__)
  if (HasAvx2()) begin = DecodeAvx2(text.data(), whole, bytes.data());
#endif
  std::size_t to = begin / 4 * 3;
  for (std::size_t at = begin; at < whole; at += 4) {
    const std::uint8_t a = value(at);
    const std::uint8_t b = value(at + 1);
    const std::uint8_t c = value(at + 2);
    const std::uint8_t d = value(at + 3);
    wrong |= a | b | c | d;
    bytes[to++] = static_cast<char>(a << 2 | b >> 4);
    bytes[to++] = static_cast<char>(b << 4 | c >> 2);
    bytes[to++] = static_cast<char>(c << 6 | d);
  }
  if (padding > 0) {
    const std::uint8_t a = value(whole);
    const std::uint8_t b = value(whole + 1);
    const std::uint8_t c = padding == 1 ? value(whole + 2) : std::uint8_t{0};
    wrong |= a | b | c;
    // The bits that padding leaves over are zero in canonical text.
    if ((padding == 2 ? b & 15 : c & 3) != 0) return std::nullopt;
    bytes[to++] = static_cast<char>(a << 2 | b >> 4);
    if (padding == 1) bytes[to++] = static_cast<char>(b << 4 | c >> 2);
  }
  if ((wrong & 0x80) != 0) return std::nullopt;
  return bytes;
}

}  // namespace larder
