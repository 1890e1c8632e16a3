#pragma once

#include <set>
#include <utility>

#include "objects/pack_index.hpp"

namespace metamori {

/// Whether published packs hold chunks in frames whose checksums hold, with all the frames that they rest on. For what is not needed now
/// but has to be there later: at the speed of the checksum, nothing is decoded. It finds what a disk did to the bytes; reading a chunk
/// compares it with its id as well. Not thread-safe.
class IntactChunks {
 public:
  /// `index` must outlive it.
  explicit IntactChunks(PackIndex& index) : index_(index) {}
  bool holds(const ChunkId& id);

 private:
  bool is_intact(const ChunkLocation& copy, unsigned budget);
  bool has_intact_bases(ByteView frame, std::uint16_t depth, const std::string& path, unsigned budget);

  PackIndex& index_;
  std::set<std::pair<PackName, std::uint64_t>> intact_;  ///< frames that were looked at, by their offsets
};

}  // namespace metamori
