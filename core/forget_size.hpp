#pragma once

#include <vector>

#include "core/engine.hpp"

namespace metamori {

/// Stored bytes that each checkpoint needs and none of those before it, with the chunks that these are held as differences to. One walk
/// over all that is distinct; no content is read.
std::vector<std::uint64_t> bytes_needed_in_order(Engine& engine, const std::vector<Position>& checkpoints, const Control& control);

}  // namespace metamori
