#pragma once

// What all who follow a chunk to what it rests on go by.

#include "objects/pack_index.hpp"

namespace metamori {

/// A chunk rests on at most 16 frames by the depths that they state; copies of a base from other packs may make them more, and damage may
/// close a chain to a ring.
inline constexpr unsigned kFramesMax = 64;

/// The base `id` of a frame of that depth: of several copies the one with fewer deltas below it, which also keeps chains that cross packs
/// from running in a ring. Nothing if it is nowhere.
inline std::optional<ChunkLocation> find_base(PackIndex& index, const ChunkId& id, std::uint16_t depth) {
  auto base = index.find(id, true, static_cast<std::uint16_t>(depth - 1));
  if (!base) base = index.find(id, true);
  return base;
}

}  // namespace metamori
