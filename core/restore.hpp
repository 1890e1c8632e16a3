#pragma once

// Putting checkpoints back. The protocol is in docs/restore.md.

#include "core/engine.hpp"
#include "metamori/restore.hpp"

namespace metamori {

/// In place, or to another directory. Errors as Repository::restore.
RestoreReport restore_checkpoint(Engine& engine, const RestoreOptions& options);
/// Puts back what the last restore in place touched, as a restore in place of its own. Of `options`, revision and paths are not used, but
/// for a revision that starts with `@undo`. Throws bad_revision if there is nothing to undo.
RestoreReport undo_restore(Engine& engine, const RestoreOptions& options);
/// Finishes a restore that was interrupted, or takes it back.
RecoverReport recover_restore(Engine& engine, RecoverMode mode, const Control& control);

}  // namespace metamori
