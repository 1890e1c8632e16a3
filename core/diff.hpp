#pragma once

#include <vector>

#include "metamori/changes.hpp"
#include "objects/directory.hpp"

namespace metamori {

/// All differences between two trees, sorted by path, moves joined.
std::vector<Change> diff_roots(ChunkSource& source, const Root& before, const Root& after);

}  // namespace metamori
