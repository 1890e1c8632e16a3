#pragma once

// The bytes of a pack: docs/format.md, section 5. Pure functions over a whole file in memory.

#include <functional>
#include <span>
#include <string_view>

#include "objects/pack.hpp"

namespace metamori {

inline constexpr std::size_t kPackHeaderBytes = 32;
inline constexpr std::size_t kPackEntryBytes = 48;
inline constexpr std::size_t kPackFooterBytes = 64;
inline constexpr std::size_t kPackFooterSignedBytes = 32;  ///< the part of the footer that its checksum covers

struct PackLayout {
  std::uint64_t entry_count = 0;
  std::uint64_t frame_count = 0;
  std::uint64_t frames_end = 0;  ///< where the index starts
  PackName name;                 ///< as the bytes have it
};

/// The fixed first bytes of every pack.
std::array<std::byte, kPackHeaderBytes> pack_header() noexcept;
void encode_pack_entry(const PackEntry& entry, std::byte* at) noexcept;
PackEntry decode_pack_entry(const std::byte* at) noexcept;
/// The footer for a finished index. Puts the name that the pack gets into `name`.
std::array<std::byte, kPackFooterBytes> pack_footer(ByteView index, std::uint64_t frame_count, PackName& name);

/// Checks header, footer, checksum and every entry of the index. Throws corrupt.
PackLayout check_pack(ByteView file, std::string_view where);

/// The frame at `offset` of `file`, which must end at or before `frames_end`. Throws corrupt.
ByteView frame_at(ByteView file, std::uint64_t offset, std::uint64_t frames_end, std::string_view where);

}  // namespace metamori
