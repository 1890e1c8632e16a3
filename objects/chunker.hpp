#pragma once

// Content-defined cuts of data streams: docs/format.md, section 3.

#include <cstddef>
#include <cstdint>

#include "metamori/types.hpp"

namespace metamori {

/// Bytes that a chunk starting at `start` (offset in the file) has at most, and at least unless its segment ends.
std::size_t max_chunk_bytes(std::uint64_t start) noexcept;
std::size_t min_chunk_bytes(std::uint64_t start) noexcept;

/// Length of the chunk that starts at `start`. `data` begins there and holds at least max_chunk_bytes(start) bytes, or all that is left of
/// the segment. Uses the widest vector unit of this CPU; the result is the same everywhere. An empty `data` gives 0.
std::size_t next_cut(ByteView data, std::uint64_t start) noexcept;

/// The definition, one position at a time; the judge of next_cut in tests.
std::size_t next_cut_reference(ByteView data, std::uint64_t start) noexcept;

}  // namespace metamori
