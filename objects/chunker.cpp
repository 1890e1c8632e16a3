#include "objects/chunker.hpp"

#include <algorithm>
#include <bit>

#include "objects/chunker_scan.hpp"

static_assert(std::endian::native == std::endian::little, "cuts and formats are little-endian");

namespace metamori {
namespace {

// Chunks are smaller where most files end, larger where lists would get long. A growing file keeps its old cuts because only the start
// decides.
constexpr std::uint64_t kFineUntil = 16ULL << 20;

int normal_bits(std::uint64_t start) noexcept { return start < kFineUntil ? 14 : 16; }

chunker::Scan pick_scan() noexcept {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) return chunker::scan_avx512;
  if (__builtin_cpu_supports("avx2")) return chunker::scan_avx2;
#endif
  return chunker::scan_scalar;
}

}  // namespace

std::size_t max_chunk_bytes(std::uint64_t start) noexcept { return std::size_t{4} << normal_bits(start); }
std::size_t min_chunk_bytes(std::uint64_t start) noexcept { return (std::size_t{1} << normal_bits(start)) / 4; }

std::size_t chunker::scan_scalar(const std::byte* data, std::size_t begin, std::size_t end, int shift) noexcept {
  for (std::size_t p = begin; p < end; ++p) {
    if (is_candidate(data + p) && (window_hash(data + p) >> shift) == 0) return p;
  }
  return end;
}

std::size_t chunker::next_cut_with(Scan scan, const std::byte* data, std::size_t size, std::uint64_t start) noexcept {
  const int bits = normal_bits(start);
  const std::size_t shortest = min_chunk_bytes(start);
  if (size <= shortest) return size;
  const std::size_t end = std::min(size, max_chunk_bytes(start));
  const std::size_t normal = std::min(end, std::size_t{1} << bits);
  // Cuts are four times rarer below the normal length than above it, which draws lengths towards it.
  const std::size_t cut = scan(data, shortest, normal, 64 - (bits - 7));
  return cut < normal ? cut : scan(data, normal, end, 64 - (bits - 9));
}

std::size_t next_cut(ByteView data, std::uint64_t start) noexcept {
  static const chunker::Scan scan = pick_scan();
  return chunker::next_cut_with(scan, data.data(), data.size(), start);
}

std::size_t next_cut_reference(ByteView data, std::uint64_t start) noexcept {
  return chunker::next_cut_with(chunker::scan_scalar, data.data(), data.size(), start);
}

}  // namespace metamori
