#pragma once

#include "base/system.hpp"
#include "metamori/repair.hpp"

namespace metamori {

/// repair(), on any system.
RepairReport repair_repository(System& system, const OpenOptions& where, const RepairOptions& options);

}  // namespace metamori
