#pragma once

// Merging packs' indexes and levels into one level, in one pass and bounded memory.

#include "objects/pack_index_level.hpp"

namespace metamori {

struct MergeInput {
  std::vector<std::shared_ptr<const PackReader>> packs;
  std::vector<std::shared_ptr<const IndexLevel>> levels;
};

/// Writes the rows of all packs of `input` that are among `alive` (sorted); a pack that is in several inputs is taken once. Throws corrupt
/// if a level is damaged, and whatever `write` throws.
void merge_levels(const MergeInput& input, const std::vector<PackName>& alive, const LevelWriter::Write& write);

}  // namespace metamori
