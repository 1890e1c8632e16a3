#pragma once

// The byte-shuffle filter of frames (docs/format.md, section 4): byte 0 of every element, then byte 1 of every element, and so on; what is
// left over follows unchanged.

#include <cstddef>
#include <span>

#include "metamori/types.hpp"

namespace metamori {

/// `out` has the size of `in`; `width` is 2, 4, 8 or 16.
void shuffle(std::size_t width, ByteView in, std::span<std::byte> out) noexcept;
void unshuffle(std::size_t width, ByteView in, std::span<std::byte> out) noexcept;

/// The definition, one byte at a time: for other machines, for the ends of buffers, and as the judge in tests. Elements from number `first`
/// on, and what is left over.
void shuffle_reference(std::size_t width, ByteView in, std::span<std::byte> out, std::size_t first = 0) noexcept;
void unshuffle_reference(std::size_t width, ByteView in, std::span<std::byte> out, std::size_t first = 0) noexcept;

}  // namespace metamori
