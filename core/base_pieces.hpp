#pragma once

#include <cstdint>
#include <vector>

#include "objects/frame.hpp"

namespace metamori {

/// A chunk that another could be held as a difference to, and where it lies in the file in relation to that one's start.
struct BasePiece {
  ChunkId id;
  std::int64_t offset = 0;
  std::uint32_t raw_bytes = 0;
};

/// The longest row of neighbours that begins with the one that covers the first byte (from which a chunk's own bytes came), for a chunk of
/// `raw_bytes`. Empty if none does.
BaseList base_row(std::vector<BasePiece> pieces, std::uint64_t raw_bytes);

}  // namespace metamori
