#pragma once

// Giving space back. docs/keeping.md has the protocol.

#include "core/engine.hpp"

namespace metamori {

/// As Repository::gc.
GcReport collect_garbage(Engine& engine, const GcOptions& options);

}  // namespace metamori
