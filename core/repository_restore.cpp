// The front door's way to restores.

#include "core/looking.hpp"
#include "core/repository_impl.hpp"
#include "core/restore.hpp"

namespace metamori {

RestoreReport Repository::restore(const RestoreOptions& options) {
  Engine& engine = impl_->engine();
  if (!options.target) {
    require_tree(engine);
    if (!options.dry_run) require_writable(engine);
  }
  return restore_checkpoint(engine, options);
}

RestoreReport Repository::undo(const RestoreOptions& options) {
  require_tree(impl_->engine());
  if (!options.dry_run) require_writable(impl_->engine());
  return undo_restore(impl_->engine(), options);
}

RecoverReport Repository::recover(RecoverMode mode, const Control& control) {
  Engine& engine = impl_->engine();
  if (!metamori::restore_is_pending(engine)) return {};
  require_tree(engine);
  require_writable(engine);
  return recover_restore(engine, mode, control);
}

}  // namespace metamori
