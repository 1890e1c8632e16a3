#pragma once

// The test behind content-defined cuts (docs/format.md, section 3), shared by the scalar scan and the vector ones.

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace metamori::chunker {

inline constexpr std::uint32_t kNearFactor = 0x85EBCA77U;  // of le32(p-4)
inline constexpr std::uint32_t kFarFactor = 0x9E3779B1U;   // of le32(p-8)
inline constexpr std::uint32_t kOffset = 0x5BD1E995U;
inline constexpr std::uint32_t kPrefilterLimit = 1U << 24;

/// One candidate in 256: what the vector units test for many positions at once.
inline bool is_candidate(const std::byte* at) noexcept {
  std::uint32_t far = 0;
  std::uint32_t near = 0;
  std::memcpy(&far, at - 8, sizeof far);
  std::memcpy(&near, at - 4, sizeof near);
  return far * kFarFactor + near * kNearFactor + kOffset < kPrefilterLimit;
}

/// The hash of the 32 bytes before `at`: decides among candidates.
inline std::uint64_t window_hash(const std::byte* at) noexcept {
  std::uint64_t hash = 0x27220A95A1B2C3D5ULL;
  for (int k = 0; k < 4; ++k) {
    std::uint64_t word = 0;
    std::memcpy(&word, at - 32 + 8 * k, sizeof word);
    hash = (hash ^ word) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 32;
  }
  return hash;
}

/// First position in [begin, end) where `window_hash >> shift` is 0 at a candidate, or `end`. The 32 bytes before `begin` are readable,
/// nothing at or after `end` is.
using Scan = std::size_t (*)(const std::byte* data, std::size_t begin, std::size_t end, int shift) noexcept;

std::size_t scan_scalar(const std::byte* data, std::size_t begin, std::size_t end, int shift) noexcept;
#if defined(__x86_64__)
std::size_t scan_avx2(const std::byte* data, std::size_t begin, std::size_t end, int shift) noexcept;
std::size_t scan_avx512(const std::byte* data, std::size_t begin, std::size_t end, int shift) noexcept;
#endif

/// next_cut by a given scan.
std::size_t next_cut_with(Scan scan, const std::byte* data, std::size_t size, std::uint64_t start) noexcept;

}  // namespace metamori::chunker
