#pragma once

#include "core/restore_in_place.hpp"

namespace metamori {

/// Writes a checkpoint to another directory; publishes nothing and needs no lock, so that it works on a repository that can't be written.
RestoreReport restore_elsewhere(Engine& engine, const RestoreOptions& options);

/// Throws usage if the checkpoint lacks one of these paths, unless such paths are `removable`.
void check_scope(Engine& engine, const RestoreSource& source, const std::vector<std::string>& scope, bool removable);

}  // namespace metamori
