#pragma once

// The chunks that lists are made of. docs/format.md, section 6.

#include "objects/stream.hpp"

namespace metamori {

inline constexpr std::size_t kMinListItems = 16;  ///< a cut by id comes no earlier
inline constexpr std::size_t kMaxListItems = 512;

/// For TreePath: content below an item of a list, of whichever level.
inline std::uint64_t span_of(const Extent& item) noexcept { return item.length; }

/// Whether a list of `level` that has `count` items, the last of which is `id`, ends there.
bool list_ends_after(std::uint8_t level, std::size_t count, const ChunkId& id) noexcept;

/// Decodes the list `chunk` of `level` (>= 1), known by `id`, whose items must make `span` bytes together; `is_top`: it is not part of
/// another list. Throws corrupt.
void decode_list(ByteView chunk, const ChunkId& id, std::uint8_t level, std::uint64_t span, bool is_top, std::vector<Extent>& items);

}  // namespace metamori
