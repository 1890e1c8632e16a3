#pragma once

// What encoder, decoder and packs share about the bytes of a frame.

#include <string_view>

#include "objects/frame.hpp"

namespace metamori {

inline constexpr std::uint32_t kFrameMagic = 0x46524D4D;
inline constexpr std::size_t kFrameChecksumOffset = 56;
inline constexpr std::size_t kMaxGroupMembers = 65'535;

/// XXH3 of a frame: the header up to its checksum, then the body, in two parts as it is convenient.
std::uint64_t frame_checksum(ByteView head, ByteView body, ByteView rest_of_body) noexcept;

/// Checks that `frame` is one whole frame and that its checksum holds; decodes nothing more. Throws corrupt.
FrameHeader check_frame(ByteView frame, std::string_view where);

}  // namespace metamori
