// The prefilter of content-defined cuts on 32 or 64 positions at once. Four loads, one byte apart, put positions p+o, p+o+4, ... into the
// lanes of vector o; byte o of each lane of the four comparison results together then stands for one position, in ascending order, so a
// byte mask lists the candidates as they lie.

#include "objects/chunker_scan.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

namespace metamori::chunker {
namespace {

std::size_t first_cut(const std::byte* data, std::size_t base, std::uint64_t candidates, int shift, std::size_t none) noexcept {
  for (; candidates != 0; candidates &= candidates - 1) {
    const std::size_t p = base + static_cast<std::size_t>(__builtin_ctzll(candidates));
    if ((window_hash(data + p) >> shift) == 0) return p;
  }
  return none;
}

__attribute__((target("avx2"), always_inline)) inline __m256i candidates_avx2(const std::byte* at) noexcept {
  const __m256i far = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at - 8));
  const __m256i near = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at - 4));
  const __m256i sum = _mm256_add_epi32(_mm256_mullo_epi32(far, _mm256_set1_epi32(static_cast<int>(kFarFactor))),
                                       _mm256_mullo_epi32(near, _mm256_set1_epi32(static_cast<int>(kNearFactor))));
  const __m256i test = _mm256_add_epi32(sum, _mm256_set1_epi32(static_cast<int>(kOffset)));
  // Unsigned test < 2^24: the top byte is zero.
  return _mm256_cmpeq_epi32(_mm256_srli_epi32(test, 24), _mm256_setzero_si256());
}

}  // namespace

__attribute__((target("avx2"))) std::size_t scan_avx2(const std::byte* data, std::size_t begin, std::size_t end, int shift) noexcept {
  std::size_t p = begin;
  for (; p + 32 <= end; p += 32) {
    const __m256i m0 = candidates_avx2(data + p);
    const __m256i m1 = candidates_avx2(data + p + 1);
    const __m256i m2 = candidates_avx2(data + p + 2);
    const __m256i m3 = candidates_avx2(data + p + 3);
    const __m256i any = _mm256_or_si256(_mm256_or_si256(m0, m1), _mm256_or_si256(m2, m3));
    if (_mm256_testz_si256(any, any) != 0) continue;
    const __m256i low =
        _mm256_blend_epi16(_mm256_and_si256(m0, _mm256_set1_epi32(0xFF)), _mm256_and_si256(m2, _mm256_set1_epi32(0xFF0000)), 0xAA);
    const __m256i high = _mm256_blend_epi16(_mm256_and_si256(m1, _mm256_set1_epi32(0xFF00)),
                                            _mm256_and_si256(m3, _mm256_set1_epi32(static_cast<int>(0xFF000000U))), 0xAA);
    const auto mask = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_or_si256(low, high)));
    if (const std::size_t cut = first_cut(data, p, mask, shift, end); cut != end) return cut;
  }
  return scan_scalar(data, p, end, shift);
}

namespace {

__attribute__((target("avx512f,avx512bw"), always_inline)) inline __mmask16 candidates_avx512(const std::byte* at) noexcept {
  const __m512i far = _mm512_loadu_si512(at - 8);
  const __m512i near = _mm512_loadu_si512(at - 4);
  const __m512i sum = _mm512_add_epi32(_mm512_mullo_epi32(far, _mm512_set1_epi32(static_cast<int>(kFarFactor))),
                                       _mm512_mullo_epi32(near, _mm512_set1_epi32(static_cast<int>(kNearFactor))));
  const __m512i test = _mm512_add_epi32(sum, _mm512_set1_epi32(static_cast<int>(kOffset)));
  return _mm512_cmplt_epu32_mask(test, _mm512_set1_epi32(static_cast<int>(kPrefilterLimit)));
}

/// Bit i of `bits` to bit 4i of the result.
inline std::uint64_t spread(std::uint32_t bits) noexcept {
  std::uint64_t x = bits;
  x = (x | (x << 24)) & 0x000000FF000000FFULL;
  x = (x | (x << 12)) & 0x000F000F000F000FULL;
  x = (x | (x << 6)) & 0x0303030303030303ULL;
  return (x | (x << 3)) & 0x1111111111111111ULL;
}

}  // namespace

__attribute__((target("avx512f,avx512bw"))) std::size_t scan_avx512(const std::byte* data, std::size_t begin, std::size_t end,
                                                                    int shift) noexcept {
  std::size_t p = begin;
  for (; p + 64 <= end; p += 64) {
    const std::uint32_t m0 = candidates_avx512(data + p);
    const std::uint32_t m1 = candidates_avx512(data + p + 1);
    const std::uint32_t m2 = candidates_avx512(data + p + 2);
    const std::uint32_t m3 = candidates_avx512(data + p + 3);
    if ((m0 | m1 | m2 | m3) == 0) continue;
    const std::uint64_t mask = spread(m0) | (spread(m1) << 1) | (spread(m2) << 2) | (spread(m3) << 3);
    if (const std::size_t cut = first_cut(data, p, mask, shift, end); cut != end) return cut;
  }
  return scan_scalar(data, p, end, shift);
}

}  // namespace metamori::chunker

#endif
