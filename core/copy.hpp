#pragma once

#include "core/engine.hpp"
#include "metamori/copy.hpp"

namespace metamori {

/// As copy() of metamori/copy.hpp.
CopyReport copy_checkpoints(Engine& source, Engine& target, const CopyOptions& options);

}  // namespace metamori
