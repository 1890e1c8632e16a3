#include "objects/frame_shuffle.hpp"

#include <cstddef>
#include <cstring>

#include "base/assert.hpp"

namespace metamori {

void shuffle_reference(std::size_t width, ByteView in, std::span<std::byte> out, std::size_t first) noexcept {
  const std::size_t count = in.size() / width;
  for (std::size_t plane = 0; plane < width; ++plane) {
    for (std::size_t i = first; i < count; ++i) out[plane * count + i] = in[i * width + plane];
  }
  for (std::size_t i = count * width; i < in.size(); ++i) out[i] = in[i];
}

void unshuffle_reference(std::size_t width, ByteView in, std::span<std::byte> out, std::size_t first) noexcept {
  const std::size_t count = in.size() / width;
  for (std::size_t plane = 0; plane < width; ++plane) {
    for (std::size_t i = first; i < count; ++i) out[i * width + plane] = in[plane * count + i];
  }
  for (std::size_t i = count * width; i < in.size(); ++i) out[i] = in[i];
}

}  // namespace metamori

#if defined(__SSE2__)

#include <emmintrin.h>

namespace metamori {
namespace {

// 16 elements of W bytes are a matrix of 16 x W bytes in W registers. Its bytes' numbers, in binary, are the element's four bits and then
// the plane's log2(W) bits. Interleaving the first half of the registers with the second half, byte by byte, moves the top bit of every
// number to the bottom. Four such rounds bring the element's bits below the plane's, which is the shuffle; log2(W) rounds take it back.
// Unrolled, so that the tile stays in registers.
template <std::size_t W>
struct Tile {
  __m128i row[W];
};

template <std::size_t W>
inline void interleave_halves(Tile<W>& tile) noexcept {
  Tile<W> next;
#pragma GCC unroll 16
  for (std::size_t i = 0; i < W / 2; ++i) {
    next.row[2 * i] = _mm_unpacklo_epi8(tile.row[i], tile.row[i + W / 2]);
    next.row[2 * i + 1] = _mm_unpackhi_epi8(tile.row[i], tile.row[i + W / 2]);
  }
  tile = next;
}

template <std::size_t W>
void shuffle_sse2(ByteView in, std::span<std::byte> out) noexcept {
  const std::size_t count = in.size() / W;
  std::size_t first = 0;
  for (; first + 16 <= count; first += 16) {
    Tile<W> tile;
#pragma GCC unroll 16
    for (std::size_t i = 0; i < W; ++i) tile.row[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in.data() + first * W + 16 * i));
#pragma GCC unroll 16
    for (int round = 0; round < 4; ++round) interleave_halves<W>(tile);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < W; ++i) _mm_storeu_si128(reinterpret_cast<__m128i*>(out.data() + i * count + first), tile.row[i]);
  }
  shuffle_reference(W, in, out, first);
}

template <std::size_t W>
void unshuffle_sse2(ByteView in, std::span<std::byte> out) noexcept {
  const std::size_t count = in.size() / W;
  std::size_t first = 0;
  for (; first + 16 <= count; first += 16) {
    Tile<W> tile;
#pragma GCC unroll 16
    for (std::size_t i = 0; i < W; ++i) tile.row[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in.data() + i * count + first));
#pragma GCC unroll 16
    for (std::size_t bit = 1; bit < W; bit *= 2) interleave_halves<W>(tile);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < W; ++i) _mm_storeu_si128(reinterpret_cast<__m128i*>(out.data() + first * W + 16 * i), tile.row[i]);
  }
  unshuffle_reference(W, in, out, first);
}

}  // namespace

void shuffle(std::size_t width, ByteView in, std::span<std::byte> out) noexcept {
  MM_ASSERT(out.size() == in.size());
  switch (width) {
    case 2:
      return shuffle_sse2<2>(in, out);
    case 4:
      return shuffle_sse2<4>(in, out);
    case 8:
      return shuffle_sse2<8>(in, out);
    default:
      MM_ASSERT(width == 16);
      return shuffle_sse2<16>(in, out);
  }
}

void unshuffle(std::size_t width, ByteView in, std::span<std::byte> out) noexcept {
  MM_ASSERT(out.size() == in.size());
  switch (width) {
    case 2:
      return unshuffle_sse2<2>(in, out);
    case 4:
      return unshuffle_sse2<4>(in, out);
    case 8:
      return unshuffle_sse2<8>(in, out);
    default:
      MM_ASSERT(width == 16);
      return unshuffle_sse2<16>(in, out);
  }
}

}  // namespace metamori

#else

namespace metamori {

void shuffle(std::size_t width, ByteView in, std::span<std::byte> out) noexcept { shuffle_reference(width, in, out); }
void unshuffle(std::size_t width, ByteView in, std::span<std::byte> out) noexcept { unshuffle_reference(width, in, out); }

}  // namespace metamori

#endif
